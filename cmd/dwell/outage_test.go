package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/overview"
	"dwell/deploy/embedded/broker/brokertest"
	"dwell/ingest/event"
)

// outpost is Kafka and ClickHouse, each of which a test can take away, for processes that count trucks.
type outpost struct {
	cfg        app.Config
	clickhouse *link
	log        string // the broker's folder
	startKafka func() (stop func())
	stopKafka  func()
	trucks     int // that have arrived
	partitions int
}

func newOutpost(t *testing.T) *outpost {
	t.Helper()
	cfg := app.DefaultConfig()
	cfg.Data, cfg.ClickHouse.Embedded = filepath.Join(t.TempDir(), "data"), true
	engine, err := app.Start(t.Context(), cfg, app.Server, io.Discard, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Stop() })
	o := &outpost{partitions: 4, clickhouse: newLink(t, engine.Config.ClickHouse.Addresses[0])}
	_, port, _ := strings.Cut(freeAddress(t), ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	o.log = t.TempDir()
	o.startKafka = func() (stop func()) {
		_, stop = brokertest.StartStop(t, brokertest.DataDir(o.log), brokertest.Port(n))
		return stop
	}
	o.stopKafka = o.startKafka()
	t.Cleanup(func() { o.stopKafka() })

	o.cfg = app.DefaultConfig()
	o.cfg.Listen, o.cfg.Engine.FlushEvery = "127.0.0.1:0", 50*time.Millisecond
	o.cfg.Kafka.Brokers, o.cfg.Kafka.NewPartitions = []string{"127.0.0.1:" + port}, o.partitions
	o.cfg.Kafka.SessionTimeout, o.cfg.Kafka.DrainTimeout = 6*time.Second, 2*time.Second
	o.cfg.ClickHouse = engine.Config.ClickHouse
	o.cfg.ClickHouse.Embedded, o.cfg.ClickHouse.Addresses = false, []string{o.clickhouse.address}
	return o
}

// counter is a running `dwell serve`.
type counter struct{ *app.System }

func (o *outpost) serve(t *testing.T) (c counter, stop func()) {
	t.Helper()
	s, err := app.Serve(t.Context(), o.cfg, io.Discard, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return counter{s}, stop
}

// arrive has so many trucks arrive at each of two BCPs, now, some of them outbound.
func (o *outpost) arrive(t *testing.T, through counter, each int) {
	t.Helper()
	var records []event.Record
	for range each {
		for _, id := range []string{"AF-NAN-TORKHAM", "AF-BAL-HAIRATAN"} {
			bcp, known := through.Vocabulary.BCP([]byte(id))
			if !known {
				t.Fatalf("no BCP %s", id)
			}
			o.trucks++
			at := time.Now().UnixMilli()
			e := event.Event{
				Type: event.TruckArrived, ID: fmt.Appendf(nil, "arrival %d", o.trucks), Source: []byte("/post"), Subject: fmt.Appendf(nil, "V-%d", o.trucks),
				Time: at, Recorded: at, BCP: bcp, Direction: []event.Direction{event.Inbound, event.Inbound, event.Outbound}[o.trucks%3],
			}
			records = append(records, event.StructuredRecord(e.Subject, event.AppendStructured(nil, through.Vocabulary, &e), at))
		}
	}
	if err := through.Producer.Write(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
}

// get is the body of a response.
func (c counter) get(t *testing.T, path string) (code int, body string) {
	t.Helper()
	r, err := http.Get("http://" + c.Listening + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

func (c counter) ready(t *testing.T) bool {
	t.Helper()
	code, _ := c.get(t, "/readyz")
	return code == http.StatusOK
}

func (c counter) overview(t *testing.T) (o overview.Overview) {
	t.Helper()
	code, body := c.get(t, "/api/v1/overview")
	if code != http.StatusOK {
		return o
	}
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// numbers are named numbers that are not zero.
type numbers map[string]float64

// ofAPI are the trucks inside, the latest events, and the time up to which windows are final.
func (c counter) ofAPI(t *testing.T) numbers {
	t.Helper()
	all := numbers{}
	o := c.overview(t)
	seconds := func(at *time.Time) float64 { return float64(at.UnixMilli()) / 1000 }
	if o.FinalUntil != nil {
		all["final until"] = seconds(o.FinalUntil)
	}
	for i := range o.Places {
		p := &o.Places[i]
		if p.LastEvent != nil {
			all[p.ID+" last event"] = seconds(p.LastEvent)
		}
		if d := p.Inside.ByDirection; d != nil {
			all[p.ID+" inbound"], all[p.ID+" outbound"] = float64(d.Inbound), float64(d.Outbound)
		}
		for _, h := range p.Inside.ByHolder {
			all[p.ID+" "+h.Phase+" "+h.Holder] = float64(h.Trucks)
		}
	}
	return all.known()
}

var (
	series = regexp.MustCompile(`(?m)^(dwell_\w+)\{([^}]*)\} (\S+)$`)
	label  = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// ofMetrics are the same numbers as gauges.
func (c counter) ofMetrics(t *testing.T) numbers {
	t.Helper()
	all := numbers{}
	_, body := c.get(t, "/metrics")
	for _, s := range series.FindAllStringSubmatch(body, -1) {
		labels := map[string]string{}
		for _, l := range label.FindAllStringSubmatch(s[2], -1) {
			labels[l[1]] = l[2]
		}
		v, err := strconv.ParseFloat(s[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		switch s[1] {
		case "dwell_trucks_inside":
			all[labels["bcp"]+" "+labels["direction"]] = v
		case "dwell_trucks_held":
			all[labels["bcp"]+" "+labels["phase"]+" "+labels["holder"]] += v
		case "dwell_bcp_last_event_timestamp_seconds":
			all[labels["bcp"]+" last event"] = v
		case "dwell_shard_watermark_timestamp_seconds":
			if least, some := all["final until"]; !some || v < least {
				all["final until"] = v
			}
		}
	}
	return all.known()
}

func (n numbers) known() numbers {
	maps.DeleteFunc(n, func(_ string, v float64) bool { return v == 0 })
	return n
}

// trucks are those inside.
func (n numbers) trucks() (sum int) {
	for name, v := range n {
		if strings.HasSuffix(name, " inbound") || strings.HasSuffix(name, " outbound") {
			sum += int(v)
		}
	}
	return sum
}

// wantEqual checks that API and gauges have the same numbers, and all trucks.
func (o *outpost) wantEqual(t *testing.T, c counter, when string) {
	t.Helper()
	api, metrics := c.ofAPI(t), c.ofMetrics(t)
	if !maps.Equal(api, metrics) || api.trucks() != o.trucks {
		t.Errorf("%s: %d trucks have arrived; the API says\n%v\nand the gauges\n%v", when, o.trucks, api, metrics)
	}
}

// untilCounted waits until a process shows all trucks, and checks that it shows the same everywhere.
func (o *outpost) untilCounted(t *testing.T, c counter, when string) {
	t.Helper()
	until(t, fmt.Sprintf("%s all %d trucks are shown", when, o.trucks), func() bool { return c.ofAPI(t).trucks() == o.trucks && c.ofMetrics(t).trucks() == o.trucks })
	o.wantEqual(t, c, when)
}

// says reports whether page, metrics and /readyz agree that a part is away.
func (c counter) says(t *testing.T, part overview.Part) bool {
	t.Helper()
	away := slices.ContainsFunc(c.overview(t).Outages, func(o overview.Outage) bool { return o.Part == part })
	_, metrics := c.get(t, "/metrics")
	code, reasons := c.get(t, "/readyz")
	return away && strings.Contains(metrics, fmt.Sprintf("dwell_part_reachable{part=%q} 0\n", part)) &&
		code == http.StatusServiceUnavailable && strings.Contains(reasons, string(part)+" is away since ")
}

func (c counter) wantServed(t *testing.T, when string) {
	t.Helper()
	if code, body := c.get(t, "/healthz"); code != http.StatusOK {
		t.Errorf("%s: /healthz is %d: %s", when, code, body)
	}
}

func TestOutageOfKafkaIsShownAndNoNumberVanishes(t *testing.T) {
	o := newOutpost(t)
	c, _ := o.serve(t)
	until(t, "the process is ready", func() bool { return c.ready(t) })
	o.arrive(t, c, 20)
	o.untilCounted(t, c, "before the outage")

	o.stopKafka()
	began := time.Now()
	until(t, "the process says that Kafka is away", func() bool { return c.says(t, overview.Kafka) })
	t.Logf("shown after %v", time.Since(began).Round(100*time.Millisecond))
	o.wantEqual(t, c, "in the outage")
	until(t, "the group is lost too", func() bool {
		_, reasons := c.get(t, "/readyz")
		return strings.Contains(reasons, "not in the consumer group")
	})
	o.wantEqual(t, c, "in the outage, without partitions")
	c.wantServed(t, "in the outage")

	o.stopKafka = o.startKafka()
	until(t, "the process is ready again", func() bool { return c.ready(t) })
	o.wantEqual(t, c, "after the outage")
	if away := c.overview(t).Outages; len(away) != 0 {
		t.Errorf("after the outage these are away: %v", away)
	}
	o.arrive(t, c, 5)
	o.untilCounted(t, c, "with new trucks")
}

func TestOutageOfClickHouseIsShownAndNoNumberVanishes(t *testing.T) {
	for name, begin := range map[string]func(*link){
		"connections are refused":              (*link).cut,
		"connections are accepted and ignored": (*link).silence,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutpost(t)
			o.cfg.Engine.FlushBytes = 1 << 10 // the buffer is full with the first event
			c, _ := o.serve(t)
			until(t, "the process is ready", func() bool { return c.ready(t) })
			o.arrive(t, c, 20)
			o.untilCounted(t, c, "before the outage")

			begin(o.clickhouse)
			began := time.Now()
			until(t, "the process says that ClickHouse is away", func() bool { return c.says(t, overview.ClickHouse) })
			t.Logf("shown after %v", time.Since(began).Round(100*time.Millisecond))
			o.wantEqual(t, c, "in the outage")
			c.wantServed(t, "in the outage")
			if stands := c.overview(t).StandsSince; stands != nil {
				t.Errorf("nothing waits, but the live view stands since %v", stands)
			}

			t.Log("trucks arrive while a flush is not written, until the buffer has no room for more")
			lag := regexp.MustCompile(`(?m)^dwell_shard_lag_records\{shard="\d"\} [1-9]`)
			until(t, "the live view says that it stands, and the lag is known", func() bool {
				_, metrics := c.get(t, "/metrics")
				waits := lag.MatchString(metrics)
				if !waits {
					o.arrive(t, c, 5)
				}
				return waits && c.overview(t).StandsSince != nil
			})
			if api, metrics := c.ofAPI(t), c.ofMetrics(t); !maps.Equal(api, metrics) {
				t.Errorf("while events wait the API says\n%v\nand the gauges\n%v", api, metrics)
			}

			o.clickhouse.restore()
			o.untilCounted(t, c, "after the outage")
			until(t, "the process is ready again", func() bool { return c.ready(t) })
			if shown := c.overview(t); len(shown.Outages) != 0 || shown.StandsSince != nil {
				t.Errorf("after the outage: %+v", shown.Health)
			}
		})
	}
}

func TestMetricsAreThoseOfTheAPIFromTheFirstReadyOn(t *testing.T) {
	o := newOutpost(t)
	c, stop := o.serve(t)
	until(t, "the process is ready", func() bool { return c.ready(t) })
	o.arrive(t, c, 20)
	o.untilCounted(t, c, "before the restart")
	stop()
	c, _ = o.serve(t)
	until(t, "the process is ready again", func() bool { return c.ready(t) })
	o.wantEqual(t, c, "at the first ready")
}

// A partition that moves to another process is shown by both all the time.
func TestTwoProcessesShowTheWholeBorder(t *testing.T) {
	o := newOutpost(t)
	first, stopFirst := o.serve(t)
	until(t, "the first process is ready", func() bool { return first.ready(t) })
	o.arrive(t, first, 20)
	o.untilCounted(t, first, "alone")

	second, _ := o.serve(t)
	assigned := func(c counter) int {
		_, metrics := c.get(t, "/metrics")
		n, _ := strconv.Atoi(assignedPartitions.FindStringSubmatch(metrics)[1])
		return n
	}
	until(t, "the second process has partitions, and both are ready", func() bool {
		o.wantEqual(t, first, "in the rebalance")
		return assigned(second) > 0 && assigned(first)+assigned(second) == o.partitions && first.ready(t) && second.ready(t)
	})
	o.wantEqual(t, first, "with half of the partitions")
	o.wantEqual(t, second, "with the other half")
	o.arrive(t, first, 20)
	o.untilCounted(t, first, "with new trucks, the first process:")
	o.untilCounted(t, second, "with new trucks, the second process:")

	stopFirst()
	until(t, "the second process has all partitions", func() bool {
		o.wantEqual(t, second, "while the first leaves")
		return assigned(second) == o.partitions && second.ready(t)
	})
	o.wantEqual(t, second, "alone")
}
