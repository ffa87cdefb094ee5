package main

// engines are all that can be compared. The README in the folder of each peer says how it is built, run and tuned.
var engines = []engine{
	dwell{processes: 1},
	dwell{processes: 2},
	dwell{processes: 4},
	peer{
		called: "kafka-streams",
		builds: [][]string{{"sh", "cmd/bench/peers/kafka-streams/build.sh"}},
		runs:   overKafka("sh", "cmd/bench/peers/kafka-streams/run.sh"),
	},
	peer{
		called: "flink",
		builds: [][]string{{"sh", "cmd/bench/peers/flink/build.sh"}},
		runs:   overKafka("sh", "cmd/bench/peers/flink/run.sh", "datastream"),
	},
	peer{
		called: "flink-sql",
		builds: [][]string{{"sh", "cmd/bench/peers/flink/build.sh"}},
		runs:   overKafka("sh", "cmd/bench/peers/flink/run.sh", "sql"),
	},
	peer{
		called: "clickhouse",
		builds: [][]string{{"go", "-C", "cmd/bench", "build", "-o", "{cache}/clickhouse", "./peers/clickhouse"}},
		runs: []string{
			"{cache}/clickhouse", "--brokers", "{brokers}", "--topic", "{topic}", "--partitions", "{partitions}",
			"--clickhouse", "{clickhouse}", "--database", "{database}",
		},
		engine: []string{"{cache}/clickhouse", "engine"},
	},
	peer{
		called: "bento",
		builds: [][]string{{"go", "-C", "cmd/bench/peers/bento", "build", "-o", "{cache}/bento", "."}},
		runs:   overKafka("{cache}/bento", "--form", "plugin"),
	},
	peer{
		called: "bento-configuration",
		builds: [][]string{{"go", "-C", "cmd/bench/peers/bento", "build", "-o", "{cache}/bento", "."}},
		runs:   overKafka("{cache}/bento", "--form", "configuration"),
	},
}

// overKafka is a command that reads a topic and writes another.
func overKafka(command ...string) []string {
	return append(command, "--brokers", "{brokers}", "--topic", "{topic}", "--result", "{result}", "--partitions", "{partitions}")
}
