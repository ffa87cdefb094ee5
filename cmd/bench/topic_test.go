package main

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/deploy/embedded/broker/brokertest"
)

// Of each key the last record counts, and what two tasks know of a minute adds up.
func TestResultTopicIsMergedByKeyAndTask(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic("bench.result", 3))
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("bench.result"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	write := func(key, value string) {
		r := &kgo.Record{Key: []byte(key)}
		if value != "" {
			r.Value = []byte(value)
		}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	write("BCP-001|100|0", `{"bcp":"BCP-001","minute":100,"part":0,"n":1,"sum_ms":1000,"bins":{"349":1}}`)
	write("BCP-001|100|0", `{"bcp":"BCP-001","minute":100,"part":0,"n":2,"sum_ms":2000,"bins":{"349":2}}`)
	write("BCP-001|100|1", `{"bcp":"BCP-001","minute":100,"part":1,"n":1,"sum_ms":0,"bins":{"-1000":1}}`)
	write("BCP-001|101|1", `{"bcp":"BCP-001","minute":101,"part":1,"n":1,"sum_ms":5,"bins":{"82":1}}`)
	write("BCP-001|101|1", "")
	got, err := resultFromTopic(t.Context(), addr, "bench.result")
	if err != nil {
		t.Fatal(err)
	}
	want := answer{n: 3, sum: 2000, p50: peerScale(349), p95: peerScale(349), p99: peerScale(349)}
	if a := got[windowKey{"BCP-001", 100}]; len(got) != 1 || a != want {
		t.Errorf("%v, want %v at minute 100 alone", got, want)
	}
	write("BCP-001|102|1", `{"n":1}`)
	if _, err := resultFromTopic(t.Context(), addr, "bench.result"); err == nil {
		t.Error("a record without a minute is taken")
	}
}
