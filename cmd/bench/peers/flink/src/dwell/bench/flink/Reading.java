package dwell.bench.flink;

import dwell.bench.event.Crossing;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Reads records in the source itself, so that events which the job ignores go no further. */
final class Reading implements KafkaRecordDeserializationSchema<Event> {
    private static final long serialVersionUID = 1;

    private transient Crossing crossing;

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> from, Collector<Event> to) {
        if (crossing == null) {
            crossing = new Crossing();
        }
        if (crossing.read(from.value(), from.timestamp())) {
            to.collect(new Event(new Key(from.key()), crossing.released, crossing.time, crossing.bcp()));
        }
    }

    @Override
    public TypeInformation<Event> getProducedType() {
        return ValueType.EVENT;
    }
}
