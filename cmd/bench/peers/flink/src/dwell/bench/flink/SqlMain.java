package dwell.bench.flink;

import dwell.bench.event.Arguments;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** The bench's job in Flink SQL, crossing_times.sql, from the topic's beginning to the end that it has when this starts. */
public final class SqlMain {
    private SqlMain() { }

    public static void main(String[] args) throws Exception {
        Arguments given = new Arguments(args);
        long events = End.events(given.need("brokers"), given.need("topic"));
        Configuration tuning = Tuning.of(given);
        Tuning.sql(tuning);
        try (var env = StreamExecutionEnvironment.createLocalEnvironment((int) given.number("parallelism", 2), tuning)) {
            StreamTableEnvironment tables = StreamTableEnvironment.create(env);
            for (String statement : script().split(";\n")) {
                var result = tables.executeSql(statement
                    .replace("${brokers}", given.need("brokers"))
                    .replace("${topic}", given.need("topic"))
                    .replace("${result}", given.need("result")));
                if (statement.contains("INSERT INTO")) {
                    result.await();
                }
            }
        }
        System.out.println("done " + events);
    }

    private static String script() throws Exception {
        try (InputStream in = SqlMain.class.getResourceAsStream("/crossing_times.sql")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
