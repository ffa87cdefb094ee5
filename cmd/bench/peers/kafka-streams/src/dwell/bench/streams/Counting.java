package dwell.bench.streams;

import dwell.bench.event.Crossing;
import dwell.bench.event.ResultText;
import dwell.bench.event.Sketch;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Joins a task's events to visits and counts these in windows. A window that has changed is sent with the next tick, so that
 * one which changes often is not sent each time. A task that begins does not know which windows its forerunner still had to
 * send, and sends all: the last record of a key counts, so one too many does no harm.
 */
final class Counting implements Processor<byte[], byte[], byte[], byte[]> {
    private static final Duration TICK = Duration.ofSeconds(1);
    private static final int MINUTE_MS = 60_000;

    private final Unsent unsent;
    private final Crossing crossing = new Crossing();
    private final ResultText text = new ResultText();
    private final Set<ByteBuffer> changed = new HashSet<>();
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<byte[], byte[]> visits, windows;

    Counting(Unsent unsent) {
        this.unsent = unsent;
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
        this.context = context;
        visits = context.getStateStore(CrossingTimes.VISITS);
        windows = context.getStateStore(CrossingTimes.WINDOWS);
        try (var all = windows.all()) {
            all.forEachRemaining(window -> change(window.key));
        }
        context.schedule(TICK, PunctuationType.WALL_CLOCK_TIME, this::send);
    }

    @Override
    public void process(Record<byte[], byte[]> event) {
        if (!crossing.read(event.value(), event.timestamp())) {
            return;
        }
        byte[] visit = visits.get(event.key());
        if (visit == null) {
            visits.put(event.key(), Visit.first(crossing));
        } else if (!Visit.knows(visit, crossing)) {
            visits.put(event.key(), Visit.COUNTED);
            count(crossing.bcp(), Visit.released(visit, crossing), Visit.duration(visit, crossing));
        }
    }

    @Override
    public void close() {
        unsent.add(-changed.size());
    }

    private void count(byte[] bcp, long released, long ms) {
        int minute = (int) Math.floorDiv(released, MINUTE_MS);
        byte[] window = ByteBuffer.allocate(bcp.length + Integer.BYTES).putInt(minute).put(bcp).array();
        windows.put(window, Sketch.add(windows.get(window), ms));
        change(window);
    }

    private void change(byte[] window) {
        if (changed.add(ByteBuffer.wrap(window))) {
            unsent.add(1);
        }
    }

    private void send(long now) {
        int part = context.taskId().partition();
        for (ByteBuffer window : changed) {
            int minute = window.getInt(0);
            byte[] bcp = Arrays.copyOfRange(window.array(), Integer.BYTES, window.capacity());
            byte[] sketch = windows.get(window.array());
            context.forward(new Record<>(text.key(bcp, minute, part), text.value(bcp, minute, part, sketch), now));
        }
        unsent.add(-changed.size());
        changed.clear();
    }
}
