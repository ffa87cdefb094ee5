package dwell.bench.streams;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;

/** The end of every partition at one moment, and the wait until Kafka Streams has committed that it is there. */
record End(Map<TopicPartition, Long> offsets) {
    static End of(String brokers, String topic) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", brokers);
        try (Admin admin = Admin.create(config)) {
            var partitions = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
            var latest = partitions.stream().collect(
                Collectors.toMap(p -> new TopicPartition(topic, p.partition()), p -> OffsetSpec.latest()));
            Map<TopicPartition, Long> offsets = new HashMap<>();
            admin.listOffsets(latest).all().get().forEach((p, end) -> offsets.put(p, end.offset()));
            offsets.values().removeIf(end -> end == 0); // nothing is ever committed there
            return new End(offsets);
        }
    }

    long events() {
        return offsets.values().stream().mapToLong(Long::longValue).sum();
    }

    void await(KafkaStreams streams, Unsent unsent) throws InterruptedException {
        while (!committed(streams) || !unsent.none()) {
            if (streams.state().hasCompletedShutdown()) {
                throw new IllegalStateException("it ended before the topic did: \"" + streams.state() + '"');
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private boolean committed(KafkaStreams streams) {
        Map<TopicPartition, Long> at = new HashMap<>();
        streams.metadataForLocalThreads().forEach(t -> t.activeTasks().forEach(task -> at.putAll(task.committedOffsets())));
        return offsets.entrySet().stream().allMatch(end -> at.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }
}
