package dwell.bench.flink;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Joins events to visits. A visit is never removed: an event may come hours late, and once more after that. */
final class Joining extends KeyedProcessFunction<Key, Event, Release> {
    private static final long serialVersionUID = 1;
    private static final Long COUNTED = Long.MIN_VALUE;

    /** When the truck arrived or was released, twice the time and one more if released; or that it has been counted. */
    private transient ValueState<Long> visit;

    @Override
    public void open(OpenContext context) {
        visit = getRuntimeContext().getState(new ValueStateDescriptor<>("visit", Types.LONG));
    }

    @Override
    public void processElement(Event event, Context context, Collector<Release> to) throws Exception {
        Long known = visit.value();
        if (known == null) {
            visit.update(event.time() << 1 | (event.released() ? 1 : 0));
        } else if (!known.equals(COUNTED) && (known & 1) == (event.released() ? 0 : 1)) {
            long other = known >> 1;
            long arrived = event.released() ? other : event.time(), released = event.released() ? event.time() : other;
            visit.update(COUNTED);
            to.collect(Release.of(event.bcp(), released, released - arrived));
        }
    }
}
