package clickhouse

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/window"
)

func vocabularyOf(t *testing.T, agencies []string, bcps ...string) *event.Vocabulary {
	t.Helper()
	voc, err := event.NewVocabulary(bcps, append(agencies, event.CustomsName))
	if err != nil {
		t.Fatal(err)
	}
	return voc
}

// codesIn are the codes of a column by name. It fails the test if two names have the same code.
func codesIn(t *testing.T, s *Store, table, column string) map[string]int16 {
	t.Helper()
	types, err := enumTypes(t.Context(), s.conn, table)
	if err != nil {
		t.Fatal(err)
	}
	codes := codesOf(types[column])
	names := map[int16]string{}
	for name, code := range codes {
		if other, twice := names[code]; twice {
			t.Errorf("%s of %s: %q and %q have code %d", column, table, name, other, code)
		}
		names[code] = name
	}
	return codes
}

func arrivals(bcp event.BCP, n int64) *window.Row {
	r := &window.Row{AsOf: 1, Key: window.Key{
		BCP: bcp, Direction: event.Outbound, Channel: event.Blue, Regime: event.Transit, Grain: window.Hour, Start: 60, Measure: window.Arrivals,
	}}
	r.N = n
	return r
}

const arrived = "SELECT bcp, direction, channel, regime, measure, n FROM windows ORDER BY toString(bcp)"

// Two crossings get their software on the same day, and a process for each is started: both have read the codes when the first
// appends its crossing. The second must not give the same codes to its own.
func TestProcessesThatAppendAtTheSameTimeTakeDifferentCodes(t *testing.T) {
	cfg := fresh(t)
	s := open(t, cfg, vocabularyOf(t, nil, "TORKHAM"))
	types, err := enumTypes(t.Context(), s.conn, "windows")
	if err != nil {
		t.Fatal(err)
	}
	one, two := vocabularyOf(t, nil, "TORKHAM", "AQINA"), vocabularyOf(t, nil, "TORKHAM", "HAIRATAN")
	first, err := appendNames(new(enums).columns(one), types)
	if err != nil {
		t.Fatal(err)
	}
	second, err := appendNames(new(enums).columns(two), types)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.conn.Exec(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := s.conn.Exec(t.Context(), second); err == nil {
		t.Error("the second ALTER was not refused")
	}
	open(t, cfg, two)
	if codes := codesIn(t, s, "windows", "bcp"); codes["TORKHAM"] != 1 || codes["AQINA"] != 2 || codes["HAIRATAN"] != 3 {
		t.Errorf("codes are %v", codes)
	}
}

// Eight processes are started at once on a new database, each with a crossing and an agency of its own and all in another order.
func TestProcessesStartedAtOnceEndWithAllNames(t *testing.T) {
	cfg := fresh(t)
	var all sync.WaitGroup
	for i := range 8 {
		voc := vocabularyOf(t, []string{fmt.Sprintf("agency_%d", i)}, fmt.Sprintf("OWN-%d", i), fmt.Sprintf("COMMON-%d", i%3), "COMMON")
		all.Go(func() {
			s, err := Open(t.Context(), cfg, voc)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = s.Close() }()
			if err := s.WriteWindows(t.Context(), i, pointers(*arrivals(1, int64(i)), *arrivals(3, 100))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s := open(t, cfg, vocabularyOf(t, nil, "COMMON"))
	var want strings.Builder
	for range 8 {
		want.WriteString("COMMON\toutbound\tblue\ttransit\tarrivals\t100\n")
	}
	for i := range 8 {
		fmt.Fprintf(&want, "OWN-%d\toutbound\tblue\ttransit\tarrivals\t%d\n", i, i)
	}
	if got := s.text(t, arrived); got != want.String() {
		t.Errorf("windows are\n%s\nwant\n%s", got, want.String())
	}
	for _, table := range []string{"windows", "restatements"} {
		if got := len(codesIn(t, s, table, "bcp")); got != 1+8+3+1 {
			t.Errorf("table %s has %d names of BCPs", table, got)
		}
		measures := codesIn(t, s, table, "measure")
		for i := range 8 {
			if measures[fmt.Sprintf("hold/agency_%d", i)] == 0 {
				t.Errorf("table %s lacks the measures of agency %d", table, i)
			}
		}
		for column, typ := range map[string]string{"bcp": s.enums.bcp.typ, "direction": s.enums.direction.typ, "measure": s.enums.measure.typ} {
			if types, err := enumTypes(t.Context(), s.conn, table); err != nil || types[column] != typ {
				t.Errorf("%s of table %s is %s, %v, of windows %s", column, table, types[column], err, typ)
			}
		}
	}
}

// A process goes on beside a newer one that has a crossing and an agency more: it reads and writes what it knows, and of what it
// does not know its error has the name. SQL shows all.
func TestOldProcessBesideANewOne(t *testing.T) {
	cfg := fresh(t)
	before := open(t, cfg, vocabularyOf(t, nil, "TORKHAM"))
	voc := vocabularyOf(t, []string{"a_new_agency"}, "AQINA", "TORKHAM")
	after := open(t, cfg, voc)
	if err := after.WriteWindows(t.Context(), 1, pointers(*arrivals(1, 5), *arrivals(2, 6))); err != nil {
		t.Fatal(err)
	}
	if err := before.WriteWindows(t.Context(), 2, pointers(*arrivals(1, 7))); err != nil {
		t.Fatal(err)
	}
	restated := window.Restatement{Key: arrivals(1, 0).Key, Offset: 1}
	restated.N = 1
	if err := before.WriteRestatements(t.Context(), 2, []window.Restatement{restated}); err != nil {
		t.Fatal(err)
	}
	want := "AQINA\toutbound\tblue\ttransit\tarrivals\t5\nTORKHAM\toutbound\tblue\ttransit\tarrivals\t6\nTORKHAM\toutbound\tblue\ttransit\tarrivals\t7\n"
	for _, s := range []*Store{before, after} {
		if got := s.text(t, arrived+", n"); got != want {
			t.Errorf("windows are\n%s\nwant\n%s", got, want)
		}
	}
	if got, want := after.text(t, "SELECT bcp, direction, measure, n FROM restatements"), "TORKHAM\toutbound\tarrivals\t1\n"; got != want {
		t.Errorf("restatements are %s, want %s", got, want)
	}
	if got, want := before.text(t, "SELECT bcp, arrivals FROM movements WHERE bcp IN ('AQINA', 'NOWHERE')"), "AQINA\t5\n"; got != want {
		t.Errorf("the view has %s, want %s", got, want)
	}
	rows, err := before.Windows(t.Context(), 2, []window.Key{arrivals(1, 0).Key})
	if err != nil || len(rows) != 1 || rows[0].N != 7 || rows[0].Key != arrivals(1, 0).Key {
		t.Errorf("the old process reads %+v, %v", rows, err)
	}
	err = before.RecentWindows(t.Context(), 1, 0, 0, func(*window.Row) error { return nil })
	if err == nil || !strings.Contains(err.Error(), `bcp "AQINA" has rows in the database but is not configured`) {
		t.Errorf("of a crossing that it does not know the old process says %v", err)
	}
	newer := window.Row{Key: window.Key{BCP: 2, Direction: event.Inbound, Grain: window.Hour, Start: 120}, AsOf: 1}
	for _, m := range window.Measures(voc) {
		if strings.HasSuffix(m.Name(voc), "/a_new_agency") {
			newer.Key.Measure = m
		}
	}
	if err := after.WriteWindows(t.Context(), 3, pointers(newer)); err != nil {
		t.Fatal(err)
	}
	err = before.RecentWindows(t.Context(), 3, 0, 0, func(*window.Row) error { return nil })
	if err == nil || !strings.Contains(err.Error(), `/a_new_agency" is unknown`) {
		t.Errorf("of an agency that it does not know the old process says %v", err)
	}
	for _, sql := range []string{
		"ALTER TABLE windows MODIFY COLUMN channel " + strings.TrimSuffix(before.enums.channel.typ, ")") + ", 'violet' = 9)",
		"INSERT INTO windows (shard, bcp, grain, start, channel, measure) VALUES (4, 'TORKHAM', 'hour', 7200, 'violet', 'arrivals')",
	} {
		if err := after.conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	err = before.RecentWindows(t.Context(), 4, 0, 0, func(*window.Row) error { return nil })
	if err == nil || !strings.Contains(err.Error(), `channel "violet" is unknown`) {
		t.Errorf("of a channel that it does not know the old process says %v", err)
	}
}

// A crossing is closed for good, another opens, and the places file is sorted anew: what has a code keeps it.
func TestCodeNeverChanges(t *testing.T) {
	cfg := fresh(t)
	bcps := []string{"TORKHAM", "SPIN-BOLDAK", "AQINA"}
	s := open(t, cfg, vocabularyOf(t, []string{"police", "health"}, bcps...))
	if err := s.WriteWindows(t.Context(), 0, pointers(*arrivals(1, 1), *arrivals(2, 2), *arrivals(3, 3))); err != nil {
		t.Fatal(err)
	}
	columns := []string{"bcp", "direction", "channel", "regime", "measure"}
	was := map[string]map[string]int16{}
	for _, column := range columns {
		was[column] = codesIn(t, s, "windows", column)
	}
	slices.Sort(bcps)
	s = open(t, cfg, vocabularyOf(t, []string{"agriculture", "health"}, append([]string{"A-NEW-ONE"}, bcps[:2]...)...))
	for _, column := range columns {
		now := codesIn(t, s, "windows", column)
		for name, code := range was[column] {
			if again, found := now[name]; !found || again != code {
				t.Errorf("%s %q had code %d, and now %d (%v)", column, name, code, again, found)
			}
		}
	}
	if got, want := len(codesIn(t, s, "windows", "bcp")), 1+3+1; got != want {
		t.Errorf("%d names of BCPs, want %d", got, want)
	}
	if got, want := s.text(t, "SELECT bcp, n FROM windows ORDER BY n"), "TORKHAM\t1\nSPIN-BOLDAK\t2\nAQINA\t3\n"; got != want {
		t.Errorf("windows are %s, want %s", got, want)
	}
}

// An ordinary start changes no table.
func TestTablesThatHaveAllNamesAreNotAltered(t *testing.T) {
	cfg, voc := fresh(t), vocabularyOf(t, nil, "TORKHAM")
	s := open(t, cfg, voc)
	types, err := enumTypes(t.Context(), s.conn, "windows")
	if err != nil {
		t.Fatal(err)
	}
	if alter, err := appendNames(new(enums).columns(voc), types); err != nil || alter != "" {
		t.Errorf("got %q, %v", alter, err)
	}
	const comment = "SELECT comment != '' FROM system.columns WHERE database = currentDatabase() AND table = 'windows' AND name IN ('bcp', 'measure')"
	if got := s.text(t, comment); got != "1\n1\n" {
		t.Errorf("columns have lost their comments: %q", got)
	}
}

// Each value that a key can have has a code of its own, and each measure is that of a segment or has a name of its own.
func TestEveryValueHasACode(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	for name, c := range map[string]struct {
		e      enum
		values int
	}{
		"direction": {s.enums.direction, valuesOf(func(i uint8) string { return event.Direction(i).String() })},
		"channel":   {s.enums.channel, valuesOf(func(i uint8) string { return event.Channel(i).String() })},
		"regime":    {s.enums.regime, valuesOf(func(i uint8) string { return event.Regime(i).String() })},
		"bcp":       {s.enums.bcp, 1 + len(voc.BCPs())},
	} {
		if len(c.e.codes) != c.values {
			t.Errorf("%s has %d codes, want %d", name, len(c.e.codes), c.values)
		}
		for v, code := range c.e.codes {
			if (v == 0) != (code == 0) {
				t.Errorf("%s %d has code %d", name, v, code)
			}
		}
	}
	for _, d := range window.AllDefinitions(voc) {
		if d.Kind == window.Total {
			continue
		}
		if m, err := window.ParseMeasure(d.Name, voc); err != nil || s.enums.measure.codes[m] == 0 {
			t.Errorf("measure %q has no code, %v", d.Name, err)
		}
	}
}

// valuesOf is how many values have a name; those values come first.
func valuesOf(name func(uint8) string) (n int) {
	defer func() { _ = recover() }()
	for i := range uint8(255) {
		_ = name(i)
		n++
	}
	return n
}

// ClickHouse's driver cannot read an enumeration that has names with quotes (clickhouse-go 2.50, its issue 1839).
func TestNameWithAQuoteIsRefused(t *testing.T) {
	_, err := Open(t.Context(), fresh(t), vocabularyOf(t, nil, "O'NEILL"))
	if want := `bcp "O'NEILL": a name in the tables must not be empty or have quotes`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Keys given as text are found by the primary key, in tables and in views.
func TestNamesAreFoundByTheIndexes(t *testing.T) {
	var bcps []string
	for i := range 20 {
		bcps = append(bcps, fmt.Sprintf("BCP-%02d", i))
	}
	s := open(t, fresh(t), vocabularyOf(t, nil, bcps...))
	if err := s.conn.Exec(t.Context(), `INSERT INTO windows (shard, bcp, direction, grain, start, measure, as_of, n)
		SELECT intDiv(number, 10000), concat('BCP-', leftPad(toString(number % 20), 2, '0')), 'inbound', 'hour', 1767571200 + intDiv(number, 20) % 500 * 3600, 'arrivals', 1, 1 FROM numbers(140000)
		UNION ALL SELECT number % 100, 'BCP-03', 'inbound', 'day', 1767571200 + intDiv(number, 400) * 86400, ['arrivals', 'refusals', 'lapsed', 'crossing_time'][intDiv(number, 100) % 4 + 1], 1, 1 FROM numbers(40000)`); err != nil {
		t.Fatal(err)
	}
	if err := s.conn.Exec(t.Context(), "OPTIMIZE TABLE windows FINAL"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from string
		most int // granules
	}{
		{"windows FINAL WHERE bcp = 'BCP-07' AND grain = 'hour'", 8},
		{"windows FINAL WHERE bcp IN ('BCP-07', 'NOWHERE') AND grain = 'hour'", 8},
		{"windows FINAL WHERE shard = 0 AND (bcp, grain, start, measure, direction, channel, regime) IN (('BCP-07', 'hour', 1767574800, 'arrivals', 'inbound', '', ''), ('BCP-08', 'hour', 1767574800, 'arrivals', 'inbound', '', ''))", 3},
		{"windows FINAL WHERE bcp = 'BCP-03' AND grain = 'day' AND if(grain = 'day', measure, '') IN ('lapsed')", 8},
		{"movements WHERE bcp = 'BCP-07' AND grain = 'hour'", 8},
		{"inside WHERE bcp = 'BCP-07' AND grain = 'hour'", 8},
		{"crossing_times_by_channel WHERE bcp = 'BCP-07' AND grain = 'hour'", 8},
	} {
		plan := s.text(t, "EXPLAIN indexes = 1 SELECT * FROM "+c.from)
		granules := 0
		for line := range strings.Lines(plan) {
			var parts int
			if _, err := fmt.Sscanf(strings.TrimSpace(line), "Parts: %d | Granules: %d", &parts, &granules); err == nil {
				break
			}
		}
		if granules == 0 || granules > c.most {
			t.Errorf("%s: %d granules, want at most %d\n%s", c.from, granules, c.most, plan)
		}
	}
}
