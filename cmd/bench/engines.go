package main

// engines are all that can be compared. How each peer is built, run and tuned is told in its folder under peers.
var engines = []engine{
	dwell{},
	peer{
		called: "kafka-streams",
		builds: [][]string{{"sh", "cmd/bench/peers/kafka-streams/build.sh"}},
		runs: []string{
			"sh", "cmd/bench/peers/kafka-streams/run.sh",
			"--brokers", "{brokers}", "--topic", "{topic}", "--result", "{result}", "--partitions", "{partitions}", "--state", "{dir}/state",
		},
	},
	peer{
		called: "clickhouse",
		builds: [][]string{{"go", "build", "-o", "{cache}/clickhouse/bench-clickhouse", "./cmd/bench/peers/clickhouse"}},
		runs: []string{
			"{cache}/clickhouse/bench-clickhouse", "--brokers", "{brokers}", "--topic", "{topic}", "--partitions", "{partitions}",
			"--clickhouse", "{clickhouse}", "--database", "{database}",
		},
		inClickHouse: true,
	},
}
