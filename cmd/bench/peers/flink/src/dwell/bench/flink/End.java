package dwell.bench.flink;

import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** Asks how many events a topic has. */
final class End {
    private End() { }

    static long events(String brokers, String topic) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", brokers);
        try (Admin admin = Admin.create(config)) {
            var partitions = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
            var latest = partitions.stream().collect(
                Collectors.toMap(p -> new TopicPartition(topic, p.partition()), p -> OffsetSpec.latest()));
            return admin.listOffsets(latest).all().get().values().stream().mapToLong(end -> end.offset()).sum();
        }
    }
}
