package dwell.bench.flink;

import dwell.bench.event.Sketch;
import java.util.HashSet;
import java.util.Set;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Counts visits in windows. The windows that have changed are sent before each checkpoint, as Flink's own mini-batches are:
 * one that changes often is not sent each time, no timer is kept for any, and none is ever forgotten, since what has not been
 * sent is not in a checkpoint either.
 */
final class Counting extends AbstractStreamOperator<Window> implements OneInputStreamOperator<Release, Window>, BoundedOneInput {
    private static final long serialVersionUID = 1;

    private transient ValueState<byte[]> sketch;
    private transient Set<Key> changed;

    @Override
    public void open() throws Exception {
        super.open();
        sketch = getKeyedStateStore().getState(
            new ValueStateDescriptor<>("sketch", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
        changed = new HashSet<>();
    }

    @Override
    public void processElement(StreamRecord<Release> record) throws Exception {
        Release release = record.getValue();
        sketch.update(Sketch.add(sketch.value(), release.ms()));
        changed.add(release.window());
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) throws Exception {
        send();
    }

    @Override
    public void endInput() throws Exception {
        send();
    }

    private void send() throws Exception {
        for (Key window : changed) {
            setCurrentKey(window);
            output.collect(new StreamRecord<>(new Window(window, sketch.value())));
        }
        changed.clear();
    }
}
