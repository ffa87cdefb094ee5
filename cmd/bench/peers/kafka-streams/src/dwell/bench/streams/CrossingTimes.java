package dwell.bench.streams;

import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
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

    static Topology topology(String topic, String result, boolean cachedVisits, Unsent unsent) {
        return new Topology()
            .addSource("events", topic)
            .addProcessor("crossing-times", () -> new Counting(unsent), "events")
            .addStateStore(cachedVisits ? store(VISITS).withCachingEnabled() : store(VISITS), "crossing-times")
            .addStateStore(store(WINDOWS).withCachingEnabled(), "crossing-times")
            .addSink("result", result, "crossing-times");
    }

    /** A store in memory, kept in a changelog topic as is the default. */
    private static StoreBuilder<KeyValueStore<byte[], byte[]>> store(String name) {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.ByteArray(), Serdes.ByteArray());
    }
}
