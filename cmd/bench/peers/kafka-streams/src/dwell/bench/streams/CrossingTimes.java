package dwell.bench.streams;

import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The topology: the topic, one processor with two stores, the result. All events of a visit are in one partition, so nothing
 * has to be keyed anew and sent through a topic: each task counts its part of every window.
 */
final class CrossingTimes {
    static final String VISITS = "visits", WINDOWS = "windows";

    private CrossingTimes() { }

    static Topology topology(String topic, String result, int mostVisits, Unsent unsent) {
        return new Topology()
            .addSource("events", topic)
            .addProcessor("crossing-times", () -> new Counting(unsent), "events")
            .addStateStore(store(Stores.lruMap(VISITS, mostVisits)), "crossing-times")
            .addStateStore(store(Stores.inMemoryKeyValueStore(WINDOWS)), "crossing-times")
            .addSink("result", result, "crossing-times");
    }

    /** A store that has a changelog topic, as is the default, and no cache before it. */
    private static StoreBuilder<KeyValueStore<byte[], byte[]>> store(KeyValueBytesStoreSupplier kept) {
        return Stores.keyValueStoreBuilder(kept, Serdes.ByteArray(), Serdes.ByteArray());
    }
}
