package grafana_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/ingest/place"
	published "dwell/metrics/border"
	"dwell/metrics/clickhouse"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/pipeline"
	"dwell/metrics/presume"
	"dwell/metrics/prom"
	"dwell/metrics/usual"
	"dwell/metrics/visit"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// border is a shard with two BCPs that writes to a real ClickHouse and updates real metrics.
type border struct {
	server   clickhousetest.Server
	store    *clickhouse.Store
	registry *prometheus.Registry
	voc      *event.Vocabulary
	now      time.Time

	mu      sync.Mutex
	shard   *pipeline.Shard
	flushed chan struct{}
	next    int64
	records []event.Record
	trucks  int
	err     error
}

func nowhere(context.Context, ...event.DeadLetter) error { return nil }

// newBorder has seen nine days of trucks that take some hours, some trucks that are still inside, one without an arrival
// and one malformed message.
func newBorder(t *testing.T) *border {
	t.Helper()
	voc, err := event.NewVocabulary([]string{"TORKHAM", "O.NEILL"}, []string{"customs", "border_police"})
	if err != nil {
		t.Fatal(err)
	}
	server := clickhousetest.Start(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Addresses, cfg.Database = []string{server.Addr}, server.Database
	cfg.Password = server.Password
	store, err := clickhouse.Open(t.Context(), cfg, voc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	b := &border{server: server, store: store, flushed: make(chan struct{}, 1), registry: prometheus.NewRegistry(), voc: voc, now: time.Now()}
	loop := pipeline.DefaultConfig()
	loop.FlushEvery, loop.FlushBytes = 0, 1 // a flush with each batch, and none is left out
	loop.Engine.Vocabulary = voc
	for _, id := range []string{"TORKHAM", "O.NEILL"} {
		loop.Engine.Places = append(loop.Engine.Places, place.Place{
			ID: id, Zone: time.FixedZone("", 4*3600+1800), LapseAfter: 14 * 24 * time.Hour,
		})
	}
	queues := []prom.Queue{{Source: "/far", Name: "buses", Vehicles: new(float64), Wait: new(float64)}}
	target := prom.Target{Seconds: 86400, Statistic: "p90", Value: new(float64), Met: new(bool)}
	deviations := map[usual.Series]usual.Looked{}
	for d := event.NoDirection; d <= event.Outbound; d++ {
		deviations[usual.Series{BCP: 1, Direction: d, Measure: usual.Inside}] = usual.Looked{Seen: usual.Seen{Median: new(float64), Deviation: new(float64)}}
	}
	ofPlace := func(string) prom.Place {
		return prom.Place{SilentAfter: 3 * time.Hour, Queues: queues, Target: target, Deviations: deviations}
	}
	held := func(at event.BCP, d event.Direction, of *engine.PlaceOverview) []presume.Held {
		return presume.TableOf(visit.RulesOf(voc), nil).Inside(at, d, &of.Inside[d], hours.New(nil, time.UTC), time.Now().UnixMilli())
	}
	healthy := func() prom.Health {
		return prom.Health{Lag: map[int]int64{0: 0}, Reachable: map[string]bool{"kafka": true, "clickhouse": true}}
	}
	known := published.New(len(loop.Engine.Places))
	b.shard = pipeline.New(loop, 0, pipeline.Parts{
		Store: store, DeadLetters: nowhere, Observer: publishing{flushes{prom.New(b.registry, voc, loop.Engine.Places, known.Overview, held, ofPlace, healthy), b.flushed}, known},
		Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Commit: func(context.Context, int64) error { return nil },
	})
	if _, err := b.shard.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for hour := range 9 * 24 {
		b.passes(event.BCP(1+hour%2), b.now.Add(time.Duration(hour-9*24)*time.Hour))
	}
	b.trucks++
	b.add(event.TruckReleased, 1, b.now.Add(-time.Hour), event.NoAgency)
	b.records = append(b.records, event.Record{Value: []byte("?"), Time: b.now.UnixMilli()})
	b.flush(t.Context())
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b
}

// publishing gives a border what shards publish.
type publishing struct {
	pipeline.Observer
	known *published.Border
}

func (p publishing) Published(id int, o *engine.Overview) { p.known.Published(id, o) }

// passes is a truck that arrives at a time and does the rest as far as it is past.
func (b *border) passes(bcp event.BCP, arrived time.Time) {
	b.trucks++
	customs, _ := b.voc.Agency([]byte("customs"))
	for _, step := range []struct {
		after  time.Duration
		what   event.Type
		agency event.Agency
	}{
		{0, event.TruckArrived, event.NoAgency},
		{time.Hour, event.InspectionStarted, customs},
		{90 * time.Minute, event.InspectionCompleted, customs},
		{2*time.Hour + time.Duration(b.trucks%7)*10*time.Minute, event.TruckReleased, event.NoAgency},
		{4 * time.Hour, event.TruckDeparted, event.NoAgency},
	} {
		if at := arrived.Add(step.after); !at.After(b.now) {
			b.add(step.what, bcp, at, step.agency)
		}
	}
}

func (b *border) add(what event.Type, bcp event.BCP, at time.Time, agency event.Agency) {
	direction := event.Inbound
	if bcp == 2 {
		direction = event.Outbound
	}
	e := event.Event{
		Type: what, ID: fmt.Appendf(nil, "%d-%d", b.trucks, len(b.records)), Source: []byte("/post"), Subject: fmt.Appendf(nil, "T%d", b.trucks),
		Time: at.UnixMilli(), Recorded: at.UnixMilli(), BCP: bcp, Direction: direction, Agency: agency,
	}
	if agency != event.NoAgency {
		e.Kind = event.Physical
	}
	if what == event.InspectionCompleted {
		e.Result = event.Conformant
	}
	b.records = append(b.records, event.Record{
		Key: e.Subject, Value: event.AppendStructured(nil, b.voc, &e), Time: b.now.UnixMilli(),
	})
}

func (b *border) flush(ctx context.Context) {
	for i := range b.records {
		b.records[i].Offset = b.next
		b.next++
	}
	if err := b.shard.Handle(ctx, b.records, b.next, b.next+3); err != nil {
		b.err = err
	} else if err := b.shard.Write(ctx); err != nil {
		b.err = err
	} else {
		<-b.flushed
	}
	b.records = b.records[:0]
}

// flushes tells when a flush is complete.
type flushes struct {
	*prom.Metrics
	complete chan<- struct{}
}

func (f flushes) Flushed(ctx context.Context, id int, flush *engine.Flush, took time.Duration) {
	f.Metrics.Flushed(ctx, id, flush, took)
	f.complete <- struct{}{}
}

// exporter serves the metrics; a truck passes and a message is spoilt before each scrape, so that there are rates.
func (b *border) exporter(t *testing.T) *httptest.Server {
	metrics := prom.Handler(b.registry)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.passes(event.BCP(1+b.trucks%2), b.now.Add(-5*time.Hour))
		b.records = append(b.records, event.Record{Value: []byte("?"), Time: b.now.UnixMilli()})
		b.flush(context.WithoutCancel(r.Context()))
		if b.err != nil {
			http.Error(w, b.err.Error(), http.StatusInternalServerError)
			return
		}
		metrics.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}
