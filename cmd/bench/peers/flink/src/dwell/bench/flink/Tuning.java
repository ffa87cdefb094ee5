package dwell.bench.flink;

import dwell.bench.event.Arguments;
import java.io.IOException;
import java.time.Duration;
import java.util.Properties;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.table.api.config.AggregatePhaseStrategy;
import org.apache.flink.table.api.config.ExecutionConfigOptions;
import org.apache.flink.table.api.config.OptimizerConfigOptions;
import org.apache.flink.table.api.config.TableConfigOptions;

/** The configuration. The README says of each setting that is not the default where it comes from and what it gave. */
final class Tuning {
    private Tuning() { }

    static Configuration of(Arguments given) throws IOException {
        Configuration c = new Configuration();
        c.set(PipelineOptions.OBJECT_REUSE, true);
        c.set(StateBackendOptions.STATE_BACKEND, "hashmap");
        c.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(given.number("checkpoint-ms", 5000)));
        c.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        c.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, given.folder("state").toUri().toString());
        return c;
    }

    static void sql(Configuration c) {
        c.set(ExecutionConfigOptions.TABLE_EXEC_MINIBATCH_ENABLED, true);
        c.set(ExecutionConfigOptions.TABLE_EXEC_MINIBATCH_ALLOW_LATENCY, Duration.ofSeconds(1));
        c.set(ExecutionConfigOptions.TABLE_EXEC_MINIBATCH_SIZE, 20_000L);
        c.set(OptimizerConfigOptions.TABLE_OPTIMIZER_AGG_PHASE_STRATEGY, AggregatePhaseStrategy.ONE_PHASE);
        c.set(TableConfigOptions.LOCAL_TIME_ZONE, "UTC");
    }

    static Properties producer() {
        Properties p = new Properties();
        p.put("linger.ms", "100");
        p.put("batch.size", String.valueOf(256 * 1024));
        p.put("compression.type", "lz4");
        return p;
    }
}
