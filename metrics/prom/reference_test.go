package prom_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"dwell/dashboards"
	"dwell/dashboards/door"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/receiver"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/prom"
	"dwell/metrics/usual"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

var update = flag.Bool("update", false, "write METRICS.md")

// busy is a border at which every series has been seen.
func busy(t testing.TB) *border {
	b := newBorder(t)
	b.kafka.Assigned(0, true)
	b.kafka.Buffered(0, 1)
	gate := prom.NewSources(b.registry, nil)
	gate.Normalized("gate.events", 1, 1, 1)
	gate.Left("gate.events", 0, 1)
	gate.Lost("gate.events", 1)
	prom.NewPolls(b.registry).Changed("ministry")
	b.posts.Posted("gate", receiver.Accepted, 1)
	b.posts.Answered(200)
	b.Stalled(0, errors.New("connection refused"))
	b.Applied(0, &pipeline.Batch{
		Next: 1, Events: []pipeline.EventClass{{BCP: torkham, Type: event.TruckArrived}},
		Forwarded: map[string]int{"/customs": 1},
		Times: []pipeline.KnownTime{
			{BCP: torkham, Direction: event.Inbound, Measure: window.ReleaseTime, Ms: 1},
			{BCP: torkham, Direction: event.Inbound, Measure: window.CrossingTime, Ms: 1},
		},
	})
	b.Written(t.Context(), 0, "windows", 1, time.Second)
	b.shows(0, torkham, event.Inbound, 1000, map[window.Measure]int{b.held(visit.Wait, "customs"): 1})
	b.Flushed(t.Context(), 0, &engine.Flush{}, time.Second)
	b.Memory(0, 1, 1)
	b.queues = []prom.Queue{{Source: "/far", Vehicles: new(float64), Wait: new(float64), State: event.OpenState}}
	b.capacity = 300
	b.deviations = map[usual.Series]usual.Looked{
		{BCP: torkham, Measure: usual.Inside}:                   {Seen: usual.Seen{Median: new(float64), Deviation: new(float64)}},
		{BCP: torkham, Measure: usual.Vehicles, Source: "/far"}: {Seen: usual.Seen{Median: new(float64), Deviation: new(float64)}},
	}
	b.health = prom.Health{
		Lag: map[int]int64{0: 1}, Standing: map[int]bool{0: false}, Short: map[int]int64{1: 7}, Reachable: map[string]bool{"kafka": true, "clickhouse": true}, Damaged: map[string]int{"windows": 0},
	}
	return b
}

func TestNamesFollowTheConventions(t *testing.T) {
	problems, err := testutil.GatherAndLint(busy(t).registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// labelValues says what each label can be; a label that is not here has no bound that anybody has thought of.
var labelValues = map[string]string{
	"topic": "the topics of the configuration's sources", "partition": "a number",
	"bcp":       "id of a configured BCP",
	"direction": "inbound, outbound; both in the series of what is usual; empty where a reading does not say",
	"statistic": "p50, p75, p80, p90, p95",
	"measure":   "queue_vehicles, queue_wait",
	"phase":     "wait, service, hold, exit",
	"holder":    "code of a configured agency, carrier, trader, unknown", "presumed": "true, false",
	"type":   "type of the event, such as truck.arrived",
	"reason": "why a message could not be used, or why a viewer's connection ended",
	"shard":  "Kafka partition",
	"part":   "kafka, clickhouse",
	"kind":   "why the web port refused: host, origin, busy and so on, see `SECURITY.md`",
	"table":  "table of ClickHouse, dead_letter_topic, commit",
	"source": "source of a queue reading, of the 64 queues of a BCP that were seen first; of forwarded records, one of the first 64 or others", "queue": "lane or class of vehicle, empty where the source does not name it",
	"state":   "open, paused, closed",
	"outcome": "accepted, duplicate, refused, passed", "status": "status of HTTP", "token": "name of a token that dwell token create made",
	"version": "the version of this program", "go_version": "the version of Go that built it",
	"operation": "what failed: group, metadata, fetch, partition, records, open, handle, close, commit",
}

func TestReferencePage(t *testing.T) {
	page := reference(t)
	if *update {
		if err := os.WriteFile("METRICS.md", page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, page) {
		t.Error("METRICS.md is not what the program exports: run `go generate ./metrics/prom`")
	}
}

func reference(t *testing.T) []byte {
	b := busy(t)
	log := slog.New(slog.DiscardHandler)
	refusals := door.NewRefusals(log, b.registry)
	if _, err := dashboards.New(nil, b.voc, &place.Book{}, dashboards.DefaultConfig(), refusals, log, b.registry); err != nil {
		t.Fatal(err)
	}
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	page.WriteString(`# Metrics

Written by ` + "`go generate ./metrics/prom`" + ` and compared with the program by a test. All times are in seconds, all timestamps Unix seconds.

What is unknown has no series; a zero is a real zero. A BCP without an event for longer than
` + "`dwell_bcp_silent_after_seconds`" + ` is unknown too, whatever its other series say. Panels and alerts filter by

    time() - max by (bcp) (dwell_bcp_last_event_timestamp_seconds) <= on (bcp) max by (bcp) (dwell_bcp_silent_after_seconds)

Gauges of trucks, BCPs and watermarks are of the whole border in each process: take the maximum over processes, never the sum. A process
that has just started has none of them until it knows all shards. All
else is of the shards that the process has: sum rates over processes.
Of a queue that others read, vehicles, wait and state are absent where the latest reading is stale, frozen, in doubt or without them; its
age is always there. Sources choose the names of queues, and up to 64 queues of a BCP are shown: those that were seen first.

Release and crossing time are native histograms of schema 5 (the bins of the tables in ClickHouse) if the scraper asks
for them (` + "`scrape_native_histograms`" + ` of Prometheus 3), else classic ones up to seven days. They have each time as it was
first known; the tables correct it, and ` + "`dwell_restated_times_total`" + ` counts how often. The histograms of
flushes and writes have the trace id of a sampled flush as an exemplar.

| series | type | labels | meaning |
| --- | --- | --- | --- |
`)
	kinds := map[string]string{}
	for _, f := range families {
		kinds[f.GetName()] = strings.ToLower(f.GetType().String())
	}
	used := map[string]bool{}
	for _, d := range described(b) {
		kind := kinds[d.name]
		if kind == "" && strings.HasSuffix(d.name, "_total") {
			kind = "counter" // one that has not counted yet
		}
		if kind == "" {
			t.Errorf("%s is registered, but has no series: add it to busy", d.name)
		}
		for _, l := range d.labels {
			used[l] = true
			if labelValues[l] == "" {
				t.Errorf("%s: label %q has no known bound", d.name, l)
			}
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", d.name, kind, strings.Join(d.labels, ", "), d.help)
	}
	page.WriteString("\n| label | values |\n| --- | --- |\n")
	for _, l := range slices.Sorted(maps.Keys(used)) {
		fmt.Fprintf(&page, "| `%s` | %s |\n", l, labelValues[l])
	}
	return page.Bytes()
}

type description struct {
	name, help string
	labels     []string
}

var descText = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "([^"]+)", .*constLabels: \{\}, variableLabels: \{([^}]*)\}`)

// described are all registered series, whether they have been seen or not, by name.
func described(b *border) (all []description) {
	ch := make(chan *prometheus.Desc)
	go func() {
		defer close(ch)
		b.registry.Describe(ch)
	}()
	for d := range ch {
		text := descText.FindStringSubmatch(d.String())
		var labels []string
		if text[3] != "" {
			labels = strings.Split(text[3], ",")
		}
		all = append(all, description{text[1], text[2], labels})
	}
	slices.SortFunc(all, func(a, b description) int { return strings.Compare(a.name, b.name) })
	return all
}
