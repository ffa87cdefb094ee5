package app

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/clickhouse"
)

// witness is a health whose clock is the test's, with what it woke and logged.
type witness struct {
	*health
	log   bytes.Buffer
	woken int
	// others says that other processes have shards.
	others bool
}

func newWitness() *witness {
	w := &witness{}
	w.health = newHealth(slog.New(slog.NewTextHandler(&w.log, nil)), time.Now, func() { w.woken++ }, func() bool { return w.others })
	return w
}

func (w *witness) wantReady(t *testing.T, lines ...string) {
	t.Helper()
	r := httptest.NewRecorder()
	w.serveReadyz(r, nil)
	code, want := 503, strings.Join(lines, "\n")+"\n"
	if len(lines) == 0 {
		code, want = 200, "ready\n"
	} else if lines[0] == "ready" {
		code = 200
	}
	if got := r.Body.String(); r.Code != code || got != want {
		t.Errorf("/readyz: %d %q, want %d %q", r.Code, got, code, want)
	}
}

// wantShown compares the outages, and for how long the live view has stood.
func (w *witness) wantShown(t *testing.T, outages map[overview.Part]time.Duration, stands time.Duration) {
	t.Helper()
	got, standing := map[overview.Part]time.Duration{}, time.Duration(0)
	shown := w.Overview()
	for _, o := range shown.Outages {
		got[o.Part] = time.Since(o.Since)
	}
	if shown.StandsSince != nil {
		standing = time.Since(*shown.StandsSince)
	}
	if !maps.Equal(got, outages) || standing != stands {
		t.Errorf("shown: %v, stands for %v; want %v, %v", got, standing, outages, stands)
	}
}

func (w *witness) wantLag(t *testing.T, want map[int]int64) {
	t.Helper()
	if got := w.Metrics().Lag; !maps.Equal(got, want) {
		t.Errorf("lag %v, want %v", got, want)
	}
}

func (w *witness) wantStanding(t *testing.T, want map[int]bool) {
	t.Helper()
	if got := w.Metrics().Standing; !maps.Equal(got, want) {
		t.Errorf("standing %v, want %v", got, want)
	}
}

const (
	notJoined = "not in the consumer group: joining, or partitions are being assigned"
	notRead   = "the tables have not been read yet"
)

// begin brings a process with partitions 0 and 3 to where its numbers are current.
func (w *witness) begin() {
	w.clickhouseReached(nil)
	w.kafkaReached(nil)
	w.groupJoined([]int{0, 3})
	for _, shard := range []int{0, 3} {
		w.opened(shard, 100)
		w.fetched(shard, 100, 100)
	}
}

func TestReadyOnceAssignedPartitionsAreOpenAndTheTablesRead(t *testing.T) {
	w := newWitness()
	w.wantReady(t, notRead, notJoined)
	w.kafkaReached(nil)
	w.groupJoined([]int{3, 0})
	w.wantReady(t, notRead, "partition 0 is not open yet", "partition 3 is not open yet")
	w.opened(0, 100)
	w.wantLag(t, map[int]int64{})
	w.wantReady(t, notRead, "partition 0 has not been fetched yet, so its lag is unknown", "partition 3 is not open yet")
	w.fetched(0, 130, 130)
	w.opened(3, 0)
	w.fetched(3, 0, 0)
	w.wantReady(t, notRead)
	w.clickhouseReached(nil)
	w.wantReady(t, "ready", "catching up: 30 records wait, and are being counted")
	w.wantLag(t, map[int]int64{0: 30, 3: 0})
	w.applied(0, 130)
	w.wantReady(t)

	t.Log("the group gives the partitions to others: this process has none, and its numbers are current")
	w.closed(0)
	w.closed(3)
	w.groupLeft()
	w.wantReady(t, notJoined)
	w.groupJoined(nil)
	w.wantReady(t)
	w.wantLag(t, map[int]int64{})
}

// Of several processes the one that counts the first partition reads what is published at addresses, and no other.
func TestTheFirstPartitionIsOfOneProcess(t *testing.T) {
	w := newHealth(slog.New(slog.DiscardHandler), time.Now, func() {}, func() bool { return false })
	has := func(when string, want bool) {
		t.Helper()
		if got := w.hasFirst(); got != want {
			t.Errorf("%s: %v", when, got)
		}
	}
	has("at the start", false)
	w.groupJoined([]int{1, 2})
	w.opened(1, 0)
	has("with other partitions", false)
	w.groupJoined([]int{0, 1})
	has("before it is open", false)
	w.opened(0, 0)
	has("once it is open", true)
	w.closed(0)
	has("once it is closed", false)
	w.opened(0, 0)
	w.groupLeft()
	has("outside of the group", false)
}

func TestPageIsServedFromTheFirstReadOnWhateverIsAway(t *testing.T) {
	w := newWitness()
	healthz := func() int {
		r := httptest.NewRecorder()
		w.serveHealthz(r, nil)
		return r.Code
	}
	w.clickhouseReached(errors.New("connection refused"))
	if code := healthz(); code != 503 {
		t.Errorf("before the tables were read: %d", code)
	}
	w.clickhouseReached(nil)
	w.clickhouseReached(errors.New("connection refused"))
	w.kafkaReached(errors.New("connection refused"))
	if code := healthz(); code != 200 {
		t.Errorf("when the tables had been read: %d", code)
	}
}

func TestOutageIsShownSinceItsBeginAndLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.begin()
		w.wantReady(t)
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		woken := w.woken
		began := time.Now().UTC().Format(time.RFC3339)
		w.kafkaReached(errors.New("no route"))
		time.Sleep(time.Minute)
		w.kafkaReached(errors.New("connection refused"))
		w.wantReady(t, "kafka is away since "+began)
		w.wantShown(t, map[overview.Part]time.Duration{overview.Kafka: time.Minute}, 0)
		if r := w.Metrics().Reachable; r["kafka"] || !r["clickhouse"] {
			t.Errorf("reachable: %v", r)
		}
		if w.woken != woken+1 {
			t.Errorf("viewers were woken %d times, want once", w.woken-woken)
		}
		w.kafkaReached(nil)
		w.wantReady(t)
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		if lines := strings.Count(w.log.String(), "\n"); lines != 2 || !strings.Contains(w.log.String(), "away=1m0s") {
			t.Errorf("logged:\n%s", w.log.String())
		}
	})
}

// The clock of a simulation runs faster, and viewers see no other.
func TestOutageInASimulationIsShownByItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		simulated := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		w := newWitness()
		w.now = func() time.Time { return simulated }
		w.begin()
		w.kafkaReached(errors.New("no route"))
		w.stalled(3, errors.New("no route"))
		w.fetched(3, 101, 101)
		simulated = simulated.Add(time.Hour)
		if shown := w.Overview(); len(shown.Outages) != 1 || !shown.Outages[0].Since.Equal(simulated.Add(-time.Hour)) || shown.StandsSince != nil {
			t.Errorf("shown: %+v", shown)
		}
		time.Sleep(standsAfter)
		if shown := w.Overview(); shown.StandsSince == nil || !shown.StandsSince.Equal(simulated.Add(-time.Hour)) {
			t.Errorf("shown: %+v", shown)
		}
	})
}

func TestLiveViewStandsWhereRecordsWaitForAStoreThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.begin()
		away := func() map[overview.Part]time.Duration {
			return map[overview.Part]time.Duration{overview.ClickHouse: time.Since(w.clickhouse.since.shown)}
		}
		w.clickhouseReached(errors.New("connection refused"))
		w.stalled(3, errors.New("connection refused"))
		began := time.Now().UTC().Format(time.RFC3339)
		time.Sleep(time.Minute)
		t.Log("nothing comes, so nothing waits")
		w.wantShown(t, away(), 0)

		t.Log("an event comes and is applied: the buffer has room")
		w.fetched(3, 101, 101)
		time.Sleep(time.Second)
		w.applied(3, 101)
		time.Sleep(time.Minute)
		w.wantShown(t, away(), 0)
		w.wantReady(t, "clickhouse is away since "+began, "shard 3 is stalled since "+began)

		t.Log("the next ones must wait")
		w.fetched(3, 105, 105)
		time.Sleep(time.Minute)
		w.fetched(3, 109, 109)
		w.wantShown(t, away(), time.Minute)
		w.wantLag(t, map[int]int64{0: 0, 3: 8})

		t.Log("the store is back")
		w.clickhouseReached(nil)
		w.stalled(3, nil)
		w.wantShown(t, map[overview.Part]time.Duration{}, time.Minute)
		w.applied(3, 109)
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		w.wantReady(t)
	})
}

// Of a shard that another process has, this one knows what was in the tables when they could be read last.
func TestLiveViewStandsWhereOtherProcessesHaveShardsAndTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.others = true
		w.begin()
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		w.kafkaReached(errors.New("no route"))
		time.Sleep(time.Minute)
		w.wantShown(t, map[overview.Part]time.Duration{overview.Kafka: time.Minute}, 0)
		w.kafkaReached(nil)
		w.clickhouseReached(errors.New("connection refused"))
		time.Sleep(time.Minute)
		w.wantShown(t, map[overview.Part]time.Duration{overview.ClickHouse: time.Minute}, time.Minute)
		w.clickhouseReached(nil)
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
	})
}

func TestViewersAreWokenWhenTheLiveViewBeginsToStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.begin()
		woken := w.woken
		go func() { _ = w.watch(t.Context()) }()
		w.stalled(3, errors.New("disk full"))
		w.fetched(3, 101, 101)
		time.Sleep(standsAfter + 2*time.Second)
		synctest.Wait()
		if w.woken != woken+1 {
			t.Errorf("woken %d times, want once", w.woken-woken)
		}
	})
}

// A partition at which something damaged stands has records that wait, and no write fails.
func TestPartitionThatCannotBeReadOnIsNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.begin()
		w.fetched(3, 105, 105)
		w.standing(3, errors.New("the batch at offset 100 arrived damaged"))
		began := time.Now().UTC().Format(time.RFC3339)
		time.Sleep(time.Minute)
		w.fetched(3, 109, 109)
		w.wantShown(t, map[overview.Part]time.Duration{}, time.Minute)
		w.wantLag(t, map[int]int64{0: 0, 3: 9})
		w.wantReady(t, "partition 3 cannot be read on since "+began+": the batch at offset 100 arrived damaged",
			"partition 3 stands: 9 records wait, and none has been counted since "+began)

		t.Log("it becomes a dead letter")
		w.applied(3, 109)
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		w.wantReady(t)
	})
}

func TestPartitionBehindAnOpenTransactionIsNotReadyAndSaysTheWayOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.begin()
		t.Log("a producer commits each second, so that its records wait, and are counted before they have waited for long")
		for next := int64(100); next < 130; next++ {
			w.fetched(3, next+1, next)
			time.Sleep(time.Second)
			w.wantReady(t, "ready", "catching up: 1 records wait, and are being counted")
			if n := w.Overview().RecordsWaiting; n != 0 {
				t.Fatalf("the page says that %d records wait, which came a second ago", n)
			}
			w.applied(3, next+1)
		}
		t.Log("another one begins a transaction and dies")
		w.fetched(3, 131, 130)
		began := time.Now().UTC().Format(time.RFC3339)
		for range 60 {
			time.Sleep(time.Second)
			w.fetched(3, 250, 130)
		}
		w.wantReady(t, "partition 3 stands: 120 records wait, and none has been counted since "+began+
			", because a producer's transaction is open since offset 130: the producer must commit or abort it; otherwise the broker ends it "+
			"after its transaction.timeout.ms, and one that hangs is ended with kafka-transactions.sh abort")
		w.wantShown(t, map[overview.Part]time.Duration{}, time.Minute)
		w.wantStanding(t, map[int]bool{0: false, 3: true})

		t.Log("the broker has ended it")
		w.fetched(3, 251, 251)
		w.applied(3, 200)
		w.wantReady(t, "ready", "catching up: 51 records wait, and are being counted")
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		w.wantStanding(t, map[int]bool{0: false, 3: false})
		w.applied(3, 251)
		w.wantReady(t)
	})
}

// However many records wait: what is being counted is not what stands.
func TestReadyWhileItCountsAndNotWhileItStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.begin()
		w.fetched(0, 300100, 300100)
		for next := int64(1100); next <= 60100; next += 1000 {
			time.Sleep(time.Second)
			w.applied(0, next)
		}
		w.wantReady(t, "ready", "catching up: 240000 records wait, and are being counted")
		w.wantStanding(t, map[int]bool{0: false, 3: false})
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		if n := w.Overview().RecordsWaiting; n != 240000 {
			t.Errorf("the page says that %d records wait", n)
		}

		t.Log("nothing fails, and nothing is counted any more")
		stood := time.Now().UTC().Format(time.RFC3339)
		time.Sleep(standsAfter)
		w.wantReady(t, "partition 0 stands: 240000 records wait, and none has been counted since "+stood+
			": the log of this process says what fails, and dwell_write_seconds whether the tables are slow; if not, the events themselves are slow to count, as many late openings and closings are")
		w.wantShown(t, map[overview.Part]time.Duration{}, standsAfter)
		w.wantStanding(t, map[int]bool{0: true, 3: false})
	})
}

// A process leaves the group when Kafka is away, which is no reason of its own.
func TestKafkaThatIsAwayIsTheFirstReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.begin()
		w.groupLeft()
		w.kafkaReached(errors.New("connection refused"))
		w.wantReady(t, "kafka is away since "+time.Now().UTC().Format(time.RFC3339), notJoined)
	})
}

func TestDamagedTablesAreShownOnceEachWithTheWayOut(t *testing.T) {
	w := newWitness()
	w.begin()
	woken := w.woken
	w.damaged([]clickhouse.Damage{{Table: "windows", Part: "b"}, {Table: "events", Part: "a"}, {Table: "windows", Part: "c"}})
	want := []overview.DamagedTable{
		{Table: "events", WayOut: clickhouse.Damage{Table: "events"}.WayOut()}, {Table: "windows", WayOut: clickhouse.Damage{Table: "windows"}.WayOut()},
	}
	if got := w.Overview().DamagedTables; !slices.Equal(got, want) || w.woken != woken+1 {
		t.Errorf("shown are %v, viewers were woken %d times", got, w.woken-woken)
	}
	w.damaged(nil)
	if got := w.Overview().DamagedTables; got == nil || len(got) > 0 || w.woken != woken+2 {
		t.Errorf("shown are %v, viewers were woken %d times", got, w.woken-woken)
	}
}

// slowReader reports a shard while it reads the reports of others: it must not wait for itself.
type slowReader struct {
	*httptest.ResponseRecorder
	health *health
}

func (s slowReader) Write(b []byte) (int, error) {
	s.health.closed(3)
	return s.ResponseRecorder.Write(b)
}

func TestSlowReaderOfReadyzHoldsNoShardUp(t *testing.T) {
	w := newWitness()
	w.begin()
	w.stalled(0, errors.New("read only"))
	r := slowReader{httptest.NewRecorder(), w.health}
	w.serveReadyz(r, nil)
	if r.Code != 503 {
		t.Errorf("%d %q", r.Code, r.Body)
	}
}

func TestShortLogIsNamedWithTheWayOut(t *testing.T) {
	w := newWitness()
	w.begin()
	w.closed(3)
	w.shortLog(3, &clickhouse.ShortLog{Counted: 900, End: 500}, "it has lost records, and nothing is counted until")
	w.wantReady(t, "partition 3: it has lost records, and nothing is counted until: dwell log accept --partition 3")
	if short := w.Metrics().Short; len(short) != 1 || short[3] != 400 {
		t.Errorf("short: %v", short)
	}
	w.shortLog(3, nil, "")
	w.opened(3, 900)
	w.fetched(3, 900, 900)
	w.wantReady(t)
	if short := w.Metrics().Short; len(short) != 0 {
		t.Errorf("short: %v", short)
	}
}
