package prom_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/trace"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/ingest/receiver"
	known "dwell/metrics/border"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/pipeline"
	"dwell/metrics/presume"
	"dwell/metrics/prom"
	"dwell/metrics/usual"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

var (
	_ pipeline.Observer = (*prom.Metrics)(nil)
	_ kafka.Observer    = (*prom.Kafka[kafka.Failure])(nil)
)

const (
	torkham event.BCP = iota + 1
	hairatan
	aqina
)

// border is one process that watches three BCPs.
type border struct {
	*prom.Metrics
	kafka      *prom.Kafka[kafka.Failure]
	posts      *prom.Posts[receiver.Outcome]
	registry   *prometheus.Registry
	voc        *event.Vocabulary
	silence    time.Duration // at Torkham
	known      *known.Border
	shown      map[int]*engine.Overview // by shard
	health     prom.Health
	queues     []prom.Queue // at Torkham
	capacity   int
	deviations map[usual.Series]usual.Looked
}

func newBorder(t testing.TB) *border {
	t.Helper()
	voc, err := event.NewVocabulary([]string{"TORKHAM", "HAIRATAN", "AQINA"}, []string{"customs", "transport"})
	if err != nil {
		t.Fatal(err)
	}
	b := &border{registry: prometheus.NewPedanticRegistry(), voc: voc, silence: 3 * time.Hour, known: known.New(3), shown: map[int]*engine.Overview{}}
	places := []place.Place{{ID: "TORKHAM"}, {ID: "HAIRATAN"}, {ID: "AQINA"}}
	late := 90_000.0
	b.Metrics = prom.New(b.registry, voc, places, b.known.Overview, b.heldBy, func(id string) prom.Place {
		return map[string]prom.Place{"TORKHAM": {SilentAfter: b.silence, QueuesLeftOut: 3, Queues: b.queues, QueuesSilentAfter: 2 * time.Hour, Target: prom.Target{Seconds: 86400, Statistic: "p90", Value: &late, Met: new(bool)}, Capacity: b.capacity, Deviations: b.deviations}, "HAIRATAN": {SilentAfter: 20 * time.Hour}, "AQINA": {SilentAfter: 40 * time.Hour}}[id]
	}, func() prom.Health { return b.health })
	b.kafka = prom.NewKafka(b.registry, kafka.Failures())
	b.posts = prom.NewPosts[receiver.Outcome](b.registry)
	prom.NewBuild(b.registry, "v1.2.3")
	return b
}

// heldBy presumes by the procedure alone.
func (b *border) heldBy(at event.BCP, d event.Direction, of *engine.PlaceOverview) []presume.Held {
	return presume.TableOf(visit.RulesOf(b.voc), nil).Inside(at, d, &of.Inside[d], hours.New(nil, time.UTC), 0)
}

// wantSeries compares the named series with those wanted.
func (b *border) wantSeries(t *testing.T, want string, names ...string) {
	t.Helper()
	var lines strings.Builder
	for line := range strings.Lines(want) {
		lines.WriteString(strings.TrimSpace(line) + "\n")
	}
	if err := testutil.GatherAndCompare(b.registry, strings.NewReader(headed(t, b.registry, lines.String(), names)), names...); err != nil {
		t.Error(err)
	}
}

// headed adds the HELP and TYPE lines, which these tests do not check.
func headed(t *testing.T, registry *prometheus.Registry, lines string, names []string) string {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]string{}
	for line := range strings.Lines(lines) {
		if name := line[:strings.IndexAny(line, " {\n")]; name != "" {
			series[name] += strings.TrimRight(line, "\n") + "\n"
		}
	}
	var text strings.Builder
	for _, f := range families {
		if name := f.GetName(); slices.Contains(names, name) {
			fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n%s", name, f.GetHelp(), name, strings.ToLower(f.GetType().String()), series[name])
			delete(series, name)
		}
	}
	for name := range series {
		t.Errorf("%s is not there", name)
	}
	return text.String()
}

func (b *border) wait(holder string) window.Measure { return b.held(visit.Wait, holder) }

func (b *border) held(p visit.Phase, holder string) window.Measure {
	h, _ := b.voc.Holder([]byte(holder))
	return window.OfSegment(p, h)
}

// shows has a shard publish these trucks at a place, beside what it has shown before, the latest event at a Unix second.
func (b *border) shows(shard int, bcp event.BCP, d event.Direction, second int64, holders map[window.Measure]int) {
	o := &engine.Overview{
		Shards: []engine.Standing{{Shard: shard, HasLatest: true, Latest: second * 1000, Watermark: (second - 600) * 1000}},
		Places: make([]engine.PlaceOverview, 4),
	}
	for at := range o.Places {
		for d := range o.Places[at].Inside {
			o.Places[at].Inside[d] = engine.NoOccupancy()
		}
	}
	if before := b.shown[shard]; before != nil {
		copy(o.Places, before.Places)
	}
	in := &o.Places[bcp].Inside[d]
	in.LastEvent, in.Classes, in.Trucks = second*1000, nil, 0
	for m, n := range holders { // of two classes each
		in.Add(engine.Class{Held: m, Last: event.TruckArrived, Arrived: 1}, n-1)
		in.Add(engine.Class{Held: m, Last: event.TruckArrived, Arrived: 2}, 1)
	}
	if in.Trucks > 0 {
		in.LastTruckEvent = in.LastEvent
	}
	b.shown[shard] = o
	b.known.Published(shard, o)
}

func TestBatchIsCounted(t *testing.T) {
	b := newBorder(t)
	b.wantSeries(t, ``, "dwell_events_total")
	b.Applied(2, &pipeline.Batch{
		Next: 90, Bytes: 4096,
		Events: append(
			slices.Repeat([]pipeline.EventClass{{BCP: torkham, Type: event.TruckArrived}}, 4),
			pipeline.EventClass{BCP: hairatan, Type: event.QueueObserved},
		),
		Duplicates: 1, Late: 2, Replayed: 3, Restated: 1,
		DeadLetters: map[event.Reason]int{event.NotJSON: 2},
	})
	b.wantSeries(t, `
		dwell_events_total{bcp="HAIRATAN",type="queue.observed"} 1
		dwell_events_total{bcp="TORKHAM",type="truck.arrived"} 4
		dwell_duplicate_events_total 1
		dwell_late_events_total 2
		dwell_replayed_events_total 3
		dwell_restated_times_total 1
		dwell_shard_buffer_bytes{shard="2"} 4096
		dwell_dead_letters_total{reason="foreign_retraction"} 0
		dwell_dead_letters_total{reason="future_time"} 0
		dwell_dead_letters_total{reason="invalid_field"} 0
		dwell_dead_letters_total{reason="missing_field"} 0
		dwell_dead_letters_total{reason="not_cloudevent"} 0
		dwell_dead_letters_total{reason="not_json"} 2
		dwell_dead_letters_total{reason="too_large"} 0
		dwell_dead_letters_total{reason="too_many_facts"} 0
		dwell_dead_letters_total{reason="too_old"} 0
		dwell_dead_letters_total{reason="unknown_agency"} 0
		dwell_dead_letters_total{reason="unknown_bcp"} 0
		dwell_dead_letters_total{reason="unknown_type"} 0
		dwell_dead_letters_total{reason="unreadable_batch"} 0
	`, "dwell_events_total", "dwell_duplicate_events_total", "dwell_late_events_total", "dwell_replayed_events_total",
		"dwell_restated_times_total", "dwell_shard_buffer_bytes", "dwell_dead_letters_total")
}

func TestConfiguredTargetAndSilence(t *testing.T) {
	b := newBorder(t)
	b.wantSeries(t, `
		dwell_bcp_silent_after_seconds{bcp="AQINA"} 144000
		dwell_bcp_silent_after_seconds{bcp="HAIRATAN"} 72000
		dwell_bcp_silent_after_seconds{bcp="TORKHAM"} 10800
		dwell_bcp_release_target_seconds{bcp="TORKHAM",statistic="p90"} 86400
		dwell_bcp_release_target_met{bcp="TORKHAM",statistic="p90"} 0
		dwell_bcp_release_value_seconds{bcp="TORKHAM",statistic="p90"} 90000
	`, "dwell_bcp_silent_after_seconds", "dwell_bcp_release_target_seconds", "dwell_bcp_release_value_seconds", "dwell_bcp_release_target_met")

	t.Log("an hour later Torkham is used to less")
	b.silence = time.Hour
	b.wantSeries(t, `
		dwell_bcp_silent_after_seconds{bcp="AQINA"} 144000
		dwell_bcp_silent_after_seconds{bcp="HAIRATAN"} 72000
		dwell_bcp_silent_after_seconds{bcp="TORKHAM"} 3600
	`, "dwell_bcp_silent_after_seconds")
}

func TestShardStallsResumesAndCloses(t *testing.T) {
	names := []string{
		"dwell_shard_stalled", "dwell_retries_total", "dwell_shard_watermark_timestamp_seconds", "dwell_shard_visits",
		"dwell_shard_windows", "dwell_shard_buffer_bytes",
	}
	b := newBorder(t)
	b.Applied(0, &pipeline.Batch{Next: 1, Bytes: 10})
	b.Stalled(0, errors.New("connection refused"))
	b.Stalled(0, errors.New("connection refused"))
	b.wantSeries(t, `
		dwell_shard_stalled{shard="0"} 1
		dwell_retries_total 2
		dwell_shard_buffer_bytes{shard="0"} 10
	`, names...)
	b.Stalled(0, nil)
	b.shows(0, torkham, event.Inbound, 1600, nil)
	b.Flushed(t.Context(), 0, &engine.Flush{}, time.Millisecond)
	b.Memory(0, 7, 30)
	b.wantSeries(t, `
		dwell_shard_stalled{shard="0"} 0
		dwell_retries_total 2
		dwell_shard_buffer_bytes{shard="0"} 0
		dwell_shard_watermark_timestamp_seconds{shard="0"} 1000
		dwell_shard_visits{shard="0"} 7
		dwell_shard_windows{shard="0"} 30
	`, names...)
	b.Closed(0)
	b.wantSeries(t, `
		dwell_retries_total 2
		dwell_shard_watermark_timestamp_seconds{shard="0"} 1000
	`, names...)
}

func TestOutagesAndLagAreShownWhereTheyAreKnown(t *testing.T) {
	names := []string{"dwell_part_reachable", "dwell_shard_lag_records", "dwell_shard_standing", "dwell_shard_short_log_records", "dwell_damaged_parts"}
	b := newBorder(t)
	b.wantSeries(t, ``, names...)
	b.health = prom.Health{
		Lag: map[int]int64{0: 0, 3: 812}, Standing: map[int]bool{0: false, 3: true}, Short: map[int]int64{2: 40}, Reachable: map[string]bool{"kafka": false, "clickhouse": true},
		Damaged: map[string]int{"visits": 0, "windows": 2},
	}
	b.wantSeries(t, `
		dwell_damaged_parts{table="visits"} 0
		dwell_damaged_parts{table="windows"} 2
		dwell_part_reachable{part="clickhouse"} 1
		dwell_part_reachable{part="kafka"} 0
		dwell_shard_lag_records{shard="0"} 0
		dwell_shard_lag_records{shard="3"} 812
		dwell_shard_short_log_records{shard="2"} 40
		dwell_shard_standing{shard="0"} 0
		dwell_shard_standing{shard="3"} 1
	`, names...)
}

func TestKafkaConsumerMetrics(t *testing.T) {
	b := newBorder(t)
	b.kafka.Assigned(0, true)
	b.kafka.Assigned(3, true)
	b.kafka.Buffered(3, 512)
	b.kafka.Fetched(3, 2000, 50, 50)
	b.kafka.Handled(3, 40)
	b.kafka.Failed(kafka.FetchFailure)
	b.kafka.Lost(3, 5)
	names := []string{
		"dwell_kafka_assigned_partitions", "dwell_kafka_buffered_bytes", "dwell_kafka_fetched_bytes_total",
		"dwell_kafka_records_total", "dwell_kafka_lost_records_total",
	}
	b.wantSeries(t, `
		dwell_kafka_assigned_partitions 2
		dwell_kafka_buffered_bytes{shard="3"} 512
		dwell_kafka_fetched_bytes_total 2000
		dwell_kafka_records_total 40
		dwell_kafka_lost_records_total 5
	`, names...)
	b.kafka.Assigned(3, false)
	b.kafka.Buffered(3, 512) // a fetch that was under way
	b.wantSeries(t, `
		dwell_kafka_assigned_partitions 1
		dwell_kafka_fetched_bytes_total 2000
		dwell_kafka_records_total 40
		dwell_kafka_lost_records_total 5
	`, names...)
	if n, err := testutil.GatherAndCount(b.registry, "dwell_kafka_failures_total"); err != nil || n != len(kafka.Failures()) {
		t.Errorf("%d failures are counted, %v; want %d, each from zero", n, err, len(kafka.Failures()))
	}
}

func (b *border) histogram(t *testing.T, name string) *dto.Histogram {
	t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name && len(f.Metric) == 1 {
			return f.Metric[0].GetHistogram()
		}
	}
	t.Fatalf("no single %s", name)
	return nil
}

// The bins of the windows are the buckets of the native histogram: same schema, same index, zero apart.
func TestTimesUseTheBinsOfTheWindows(t *testing.T) {
	b := newBorder(t)
	want := map[int32]int64{}
	var times []pipeline.KnownTime
	for _, ms := range []int64{1, 999, 1000, 1001, 2000, 90 * 60_000, 86_400_000, 86_400_000, 7 * 86_400_000, 13 * 86_400_000} {
		times = append(times, pipeline.KnownTime{BCP: torkham, Direction: event.Inbound, Measure: window.ReleaseTime, Ms: ms})
		want[int32(window.BinOf(ms))]++
	}
	times = append(times, pipeline.KnownTime{BCP: torkham, Direction: event.Inbound, Measure: window.ReleaseTime, Ms: 0})
	b.Applied(0, &pipeline.Batch{Times: times})
	h := b.histogram(t, "dwell_release_time_seconds")
	if h.GetSchema() != window.Schema {
		t.Fatalf("schema %d, want %d", h.GetSchema(), window.Schema)
	}
	if h.GetZeroCount() != 1 {
		t.Errorf("%d in the zero bucket, want the one truck that took no time", h.GetZeroCount())
	}
	got := map[int32]int64{}
	var index int32
	var count int64
	var at int
	for _, span := range h.PositiveSpan {
		index += span.GetOffset()
		for range span.GetLength() {
			count += h.PositiveDelta[at]
			if count > 0 {
				got[index] = count
			}
			at++
			index++
		}
	}
	for i, n := range want {
		if got[i] != n {
			t.Errorf("bucket %d has %d, the window's bin %d", i, got[i], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("buckets %v, bins %v", got, want)
	}
	classic := h.Bucket[len(h.Bucket)-1]
	if classic.GetUpperBound() != 7*86400 || classic.GetCumulativeCount() != 10 {
		t.Errorf("the last classic bucket ends at %v s with %d trucks; want seven days with 10 of 11", classic.GetUpperBound(), classic.GetCumulativeCount())
	}
}

func TestSlowFlushHasATraceExemplar(t *testing.T) {
	b := newBorder(t)
	id := trace.TraceID{0xab, 1}
	sampled := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
	unsampled := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0xcd}, SpanID: trace.SpanID{2},
	}))
	for _, ctx := range []context.Context{t.Context(), unsampled} {
		b.Flushed(ctx, 0, &engine.Flush{}, 2*time.Second)
		b.Written(ctx, 0, "windows", 10, 2*time.Second)
	}
	exemplars := func(name string) (ids []string) {
		for _, bucket := range b.histogram(t, name).Bucket {
			for _, l := range bucket.GetExemplar().GetLabel() {
				ids = append(ids, l.GetName()+"="+l.GetValue())
			}
		}
		return ids
	}
	for _, name := range []string{"dwell_flush_seconds", "dwell_write_seconds"} {
		if got := exemplars(name); len(got) > 0 {
			t.Errorf("%s: exemplars %v of traces that are not sampled", name, got)
		}
	}
	b.Flushed(sampled, 0, &engine.Flush{}, 2*time.Second)
	b.Written(sampled, 0, "windows", 10, 2*time.Second)
	for _, name := range []string{"dwell_flush_seconds", "dwell_write_seconds"} {
		if got, want := exemplars(name), []string{"trace_id=" + id.String()}; !slices.Equal(got, want) {
			t.Errorf("%s: exemplars %v, want %v", name, got, want)
		}
	}
	b.wantSeries(t, `dwell_written_rows_total{table="windows"} 30`, "dwell_written_rows_total")
}
