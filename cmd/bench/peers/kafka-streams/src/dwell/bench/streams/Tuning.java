package dwell.bench.streams;

import static org.apache.kafka.streams.StreamsConfig.consumerPrefix;
import static org.apache.kafka.streams.StreamsConfig.producerPrefix;

import dwell.bench.event.Arguments;
import java.io.IOException;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsConfig;

/** The configuration. The README says of each setting that is not the default where it comes from and what it gave. */
final class Tuning {
    private Tuning() { }

    static Properties of(Arguments given) throws IOException {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, "crossing-times-" + given.need("result"));
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given.need("brokers"));
        p.put(StreamsConfig.STATE_DIR_CONFIG, given.folder("state").toString());
        p.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        p.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        p.put(consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");

        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, (int) given.number("threads", 2));
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, given.number("commit-ms", 1000));

        p.put(producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
        p.put(producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024);
        p.put(producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        return p;
    }
}
