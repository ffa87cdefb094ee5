package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/clickhouse"
	"dwell/metrics/prom"
)

// health knows whether the numbers of this process are current: which partitions it was assigned, how far their shards are, which of
// the others nobody counts, since when Kafka or ClickHouse is away, and which parts of tables are damaged.
//
// /healthz says that the page can be served. That does not end with an outage, so routing asks for it: the page says itself what is
// away. /readyz says that the numbers are current, and each reason why they are not.
type health struct {
	log  *slog.Logger
	now  func() time.Time // the clock of what is shown, which a simulation speeds up
	wake func()           // those who show it
	// elsewhere reports whether other processes have shards, whose numbers come from the tables.
	elsewhere func() bool

	mu                sync.Mutex
	joined            bool                 // the consumer group
	shards            map[int]*shardHealth // of the partitions that are assigned
	unassigned        unassigned           // of the others
	kafka, clickhouse outage
	read              bool // the tables, once
	inspected         bool // the tables, for damage
	damage            []clickhouse.Damage
	shown             overview.Health // as viewers were woken for
}

// shardHealth is how far a shard is.
type shardHealth struct {
	open      bool
	next, end int64 // what it has not applied; end is -1 before the first fetch
	// stable is where a producer's transaction began that is open: nothing from there on can be read. As end where none is open.
	stable int64
	// waiting is when the first record came that it has not applied, or when it applied another one last. Zero where it has all.
	waiting moment
	// mark is where the log ended at marked, and what is before it is not all applied. Zero where it is.
	mark    int64
	marked  time.Time
	stalled outage
	// unread is that its partition cannot be read on.
	unread outage
	short  *clickhouse.ShortLog // nil where the log is the one that was counted, and as long
	why    string               // what is wrong with it
}

// A partition stands where records wait and none of it has been counted for standsAfter. This is the one rule for it: /readyz is 503 and
// says why, the page says from when on events are missing, dwell_shard_standing is 1 and an alert fires. One that counts, however many
// records wait, catches up: it is ready, and /readyz says how many wait. A large batch, or a flush that others wait for, takes less.
const standsAfter = 10 * time.Second

func (s *shardHealth) stands() bool {
	return s.waiting != (moment{}) && time.Since(s.waiting.time) >= standsAfter
}

// behind reports whether records have waited for as long, be it that others are counted meanwhile: then the page says so.
func (s *shardHealth) behind() bool {
	return s.next < s.end && time.Since(s.marked) >= standsAfter
}

// lag is how many records wait; 0 where that is not known.
func (s *shardHealth) lag() int64 {
	if !s.open || s.end < 0 {
		return 0
	}
	return max(0, s.end-s.next)
}

// inTransaction reports whether the next record cannot be read before a producer ends its transaction.
func (s *shardHealth) inTransaction() bool {
	return s.next >= s.stable && s.stable < s.end && s.stable >= 0
}

// moment is a time, and the same by the clock of what is shown.
type moment struct{ time, shown time.Time }

func (h *health) moment() moment { return moment{time.Now(), h.now().UTC()} }

// outage is since when something fails, and why.
type outage struct {
	since moment
	err   error // nil where nothing fails
}

func (o *outage) set(err error, now moment) {
	switch {
	case err == nil:
		*o = outage{}
	case o.err == nil:
		*o = outage{now, err}
	default:
		o.err = err
	}
}

func newHealth(log *slog.Logger, now func() time.Time, wake func(), elsewhere func() bool) *health {
	return &health{log: log.With("component", "health"), now: now, wake: wake, elsewhere: elsewhere, shards: map[int]*shardHealth{}}
}

// change changes the state, and wakes those who show it where they would show something else.
func (h *health) change(f func()) {
	h.mu.Lock()
	f()
	latest := h.overview()
	changed := !latest.Equal(h.shown)
	h.shown = latest
	h.mu.Unlock()
	if changed {
		h.wake()
	}
}

// watch looks each second whether time alone has changed what is shown.
func (h *health) watch(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			h.change(func() {})
		}
	}
}

// ofShard changes the state of an assigned shard.
func (h *health) ofShard(shard int, f func(s *shardHealth)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.shards[shard]; s != nil {
		f(s)
	}
}

func (h *health) groupJoined(assigned []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.joined = true
	for _, shard := range assigned {
		h.shards[shard] = &shardHealth{end: -1}
	}
	h.unassigned.assigned(assigned)
}

func (h *health) groupLeft() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.joined = false
	clear(h.shards)
}

func (h *health) opened(shard int, next int64) {
	h.ofShard(shard, func(s *shardHealth) { *s = shardHealth{open: true, next: next, end: -1} })
}

// hasFirst reports whether this process counts the first partition, which one of all does.
func (h *health) hasFirst() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.shards[0]
	return s != nil && s.open
}

func (h *health) closed(shard int) {
	h.ofShard(shard, func(s *shardHealth) { *s = shardHealth{end: -1} })
}

func (h *health) fetched(shard int, end, stable int64) {
	h.ofShard(shard, func(s *shardHealth) {
		s.end, s.stable = end, stable
		if s.waiting == (moment{}) && s.next < end {
			s.waiting, s.mark, s.marked = h.moment(), end, time.Now()
		}
	})
}

func (h *health) applied(shard int, next int64) {
	h.ofShard(shard, func(s *shardHealth) {
		s.next, s.waiting, s.unread = next, moment{}, outage{}
		if next >= s.mark {
			s.mark, s.marked = s.end, time.Now()
		}
		if next < s.end {
			s.waiting = h.moment()
		}
	})
}

func (h *health) stalled(shard int, err error) {
	h.ofShard(shard, func(s *shardHealth) { s.stalled.set(err, h.moment()) })
}

func (h *health) standing(shard int, err error) {
	h.ofShard(shard, func(s *shardHealth) { s.unread.set(err, h.moment()) })
}

func (h *health) shortLog(shard int, l *clickhouse.ShortLog, why string) {
	h.ofShard(shard, func(s *shardHealth) { s.short, s.why = l, why })
}

// kafkaReached takes whether Kafka was reached, clickhouseReached whether the tables were read. Of an outage, begin and end are logged.
func (h *health) kafkaReached(err error) { h.change(func() { h.reached("kafka", &h.kafka, err) }) }

func (h *health) clickhouseReached(err error) {
	h.change(func() {
		h.read = h.read || err == nil
		h.reached("clickhouse", &h.clickhouse, err)
	})
}

// damaged takes which parts of tables are damaged.
func (h *health) damaged(parts []clickhouse.Damage) {
	h.change(func() { h.inspected, h.damage = true, parts })
}

// damagedTables are those with damage, in order. The caller holds mu.
func (h *health) damagedTables() []overview.DamagedTable {
	all := []overview.DamagedTable{}
	for _, d := range h.damage {
		all = append(all, overview.DamagedTable{Table: d.Table, WayOut: d.WayOut()})
	}
	slices.SortFunc(all, func(a, b overview.DamagedTable) int { return strings.Compare(a.Table, b.Table) })
	return slices.Compact(all)
}

func (h *health) reached(part string, o *outage, err error) {
	before := *o
	o.set(err, h.moment())
	switch {
	case before.err == nil && err != nil:
		h.log.Error("a part is away", "part", part, "error", err)
	case before.err != nil && err == nil:
		h.log.Info("a part is reachable again", "part", part, "away", time.Since(before.since.time).Round(time.Second))
	}
}

// overview is what viewers are shown. The caller holds mu.
func (h *health) overview() overview.Health {
	shown := overview.Health{Outages: []overview.Outage{}, DamagedTables: h.damagedTables()}
	if h.kafka.err != nil {
		shown.Outages = append(shown.Outages, overview.Outage{Part: overview.Kafka, Since: h.kafka.since.shown})
	}
	if h.clickhouse.err != nil {
		shown.Outages = append(shown.Outages, overview.Outage{Part: overview.ClickHouse, Since: h.clickhouse.since.shown})
	}
	if h.clickhouse.err != nil && h.elsewhere() {
		since := h.clickhouse.since.shown
		shown.StandsSince = &since
	}
	stands := func(since time.Time) {
		if shown.StandsSince == nil || since.Before(*shown.StandsSince) {
			shown.StandsSince = &since
		}
	}
	for _, s := range h.shards {
		if s.behind() {
			shown.RecordsWaiting += s.lag()
		}
		if s.stands() {
			stands(s.waiting.shown)
		}
	}
	for _, p := range h.standingOthers() {
		w := h.unassigned.waiting[p]
		shown.RecordsWaiting += w.records
		stands(w.since.shown)
	}
	return shown
}

// Overview is what viewers are shown.
func (h *health) Overview() overview.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.overview()
}

// Metrics is what a scrape is given.
func (h *health) Metrics() prom.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := prom.Health{Lag: map[int]int64{}, Short: map[int]int64{}, Standing: map[int]bool{}, Reachable: map[string]bool{
		string(overview.Kafka): h.kafka.err == nil, string(overview.ClickHouse): h.clickhouse.err == nil,
	}}
	if h.inspected {
		m.Damaged = map[string]int{}
		for _, table := range clickhouse.Tables() {
			m.Damaged[table] = 0
		}
		for _, d := range h.damage {
			m.Damaged[d.Table]++
		}
	}
	for shard, s := range h.shards {
		if s.short != nil {
			m.Short[shard] = s.short.Counted - s.short.End
		}
		if s.open && s.end >= 0 {
			m.Lag[shard], m.Standing[shard] = s.lag(), s.stands()
		}
	}
	return m
}

// reasons are why the numbers are not current, none where they are.
func (h *health) reasons() (lines []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	failing := func(what string, o outage) {
		if o.err != nil {
			add("%s since %s", what, o.since.time.UTC().Format(time.RFC3339))
		}
	}
	failing("kafka is away", h.kafka) // which is why the group is left, so it comes first
	failing("clickhouse is away", h.clickhouse)
	if !h.read {
		add("the tables have not been read yet")
	}
	if !h.joined {
		add("not in the consumer group: joining, or partitions are being assigned")
	}
	shards := slices.Sorted(maps.Keys(h.shards))
	for _, shard := range shards {
		switch s := h.shards[shard]; {
		case s.short != nil:
			add("partition %d: %s: dwell log accept --partition %d", shard, s.why, shard)
		case !s.open:
			add("partition %d is not open yet", shard)
		case s.end < 0:
			add("partition %d has not been fetched yet, so its lag is unknown", shard)
		}
	}
	for _, shard := range shards {
		s := h.shards[shard]
		if s.unread.err != nil { // it says the way out, and is no driver's error
			add("partition %d cannot be read on since %s: %v", shard, s.unread.since.time.UTC().Format(time.RFC3339), s.unread.err)
		}
		failing(fmt.Sprintf("shard %d is stalled", shard), s.stalled)
		if s.stands() {
			add("partition %d stands: %d records wait, and none has been counted since %s%s", shard, s.lag(), s.waiting.time.UTC().Format(time.RFC3339), s.cause())
		}
	}
	for _, p := range h.standingOthers() {
		lines = append(lines, h.unassigned.reason(p))
	}
	for _, d := range h.damage {
		add("part %s of table %s is damaged, so that numbers may be missing: %s", d.Part, d.Table, d.WayOut())
	}
	return lines
}

// cause is why a partition stands, with the way out, where it is known and no other reason says it.
func (s *shardHealth) cause() string {
	switch {
	case s.inTransaction():
		return fmt.Sprintf(", because a producer's transaction is open since offset %d: the producer must commit or abort it; otherwise the broker ends it "+
			"after its transaction.timeout.ms, and one that hangs is ended with kafka-transactions.sh abort", s.stable)
	case s.unread.err == nil && s.stalled.err == nil:
		return ": the log of this process says what fails, and dwell_write_seconds whether the tables are slow; if not, the events themselves are slow to count, as many late openings and closings are"
	}
	return ""
}

// waiting is how many records wait.
func (h *health) waiting() (records int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.shards {
		records += s.lag()
	}
	return records
}

// serveReadyz says whether the numbers are current, and where they are being brought up to date how many records wait.
func (h *health) serveReadyz(w http.ResponseWriter, _ *http.Request) {
	lines := h.reasons() // before anything is written: a client that reads slowly must not hold up the shards
	if len(lines) > 0 {
		unavailable(w, lines...)
		return
	}
	text := "ready\n"
	if records := h.waiting(); records > 0 {
		text += fmt.Sprintf("catching up: %d records wait, and are being counted\n", records)
	}
	_, _ = io.WriteString(w, text)
}

// serveHealthz says whether the page can be served: from when the tables were read for the first time.
func (h *health) serveHealthz(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	read := h.read
	h.mu.Unlock()
	if !read {
		unavailable(w, "the tables have not been read yet")
		return
	}
	_, _ = fmt.Fprintln(w, "ok", Version())
}

func unavailable(w http.ResponseWriter, lines ...string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	for _, line := range lines {
		_, _ = fmt.Fprintln(w, line)
	}
}
