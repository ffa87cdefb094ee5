package dwell.bench.streams;

import dwell.bench.event.Arguments;
import java.util.Properties;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** The bench's job on Kafka Streams, from the topic's beginning to the end that it has when this starts. */
public final class Main {
    private Main() { }

    public static void main(String[] args) throws Exception {
        Arguments given = new Arguments(args);
        Properties tuning = Tuning.of(given);
        End end = End.of(given.need("brokers"), given.need("topic"));
        Unsent unsent = new Unsent();
        Topology topology = CrossingTimes.topology(
            given.need("topic"), given.need("result"), (int) given.number("visits-per-partition", 1 << 20), unsent);
        try (KafkaStreams streams = new KafkaStreams(topology, tuning)) {
            streams.setUncaughtExceptionHandler(e -> {
                e.printStackTrace();
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            end.await(streams, unsent);
            streams.close(); // commits, and flushes what the producers hold
            streams.cleanUp();
        }
        System.out.println("done " + end.events());
    }
}
