package dwell.bench.flink;

import dwell.bench.event.ResultText;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Writes windows as records of the result topic. Each window is counted by one task, so all are part 0. */
final class Writing implements KafkaRecordSerializationSchema<Window> {
    private static final long serialVersionUID = 1;

    private final String topic;
    private transient ResultText text;

    Writing(String topic) {
        this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(Window window, KafkaSinkContext context, Long time) {
        if (text == null) {
            text = new ResultText();
        }
        byte[] bcp = Release.bcp(window.key());
        int minute = Release.minute(window.key());
        return new ProducerRecord<>(topic, text.key(bcp, minute, 0), text.value(bcp, minute, 0, window.sketch()));
    }
}
