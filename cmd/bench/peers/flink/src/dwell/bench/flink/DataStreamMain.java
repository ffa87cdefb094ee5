package dwell.bench.flink;

import dwell.bench.event.Arguments;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The bench's job on Flink's DataStream API, from the topic's beginning to the end that it has when this starts. */
public final class DataStreamMain {
    private DataStreamMain() { }

    public static void main(String[] args) throws Exception {
        Arguments given = new Arguments(args);
        long events = End.events(given.need("brokers"), given.need("topic"));
        KafkaSource<Event> source = KafkaSource.<Event>builder()
            .setBootstrapServers(given.need("brokers"))
            .setTopics(given.need("topic"))
            .setGroupId("crossing-times-" + given.need("result"))
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setBounded(OffsetsInitializer.latest())
            .setProperty("partition.discovery.interval.ms", "-1") // the topic is read to its end, and grows no more
            .setDeserializer(new Reading())
            .build();
        KafkaSink<Window> sink = KafkaSink.<Window>builder()
            .setBootstrapServers(given.need("brokers"))
            .setKafkaProducerConfig(Tuning.producer())
            .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
            .setRecordSerializer(new Writing(given.need("result")))
            .build();
        try (var env = StreamExecutionEnvironment.createLocalEnvironment((int) given.number("parallelism", 2), Tuning.of(given))) {
            env.fromSource(source, WatermarkStrategy.noWatermarks(), "events", ValueType.EVENT)
                .keyBy(Event::visit, ValueType.KEY)
                .process(new Joining()).returns(ValueType.RELEASE)
                .keyBy(Release::window, ValueType.KEY)
                .transform("counting", ValueType.WINDOW, new Counting())
                .sinkTo(sink);
            env.execute("crossing times");
        }
        System.out.println("done " + events);
    }
}
