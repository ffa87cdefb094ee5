package audit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/audit"
)

// day is a day at Torkham, written down by hand:
//
//	T1 arrives 08:00, is inspected 08:20 to 08:50 and held 08:40 to 09:00, is released 09:10 and departs 09:30.
//	T2 arrives 08:30 and is assigned the red channel 08:45.
//	T3 leaves without having come.
//	T4 is a mistake, taken back.
//	T5 arrived a month before and has sent nothing since.
func day(t testing.TB) *border {
	b := newBorder(t, places)
	base := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	seq := 0
	send := func(truck string, typ event.Type, clock time.Duration, change func(*event.Event)) {
		seq++
		e := event.Event{
			Type: typ, ID: fmt.Append(nil, seq), Source: []byte("post"), Subject: []byte(truck), BCP: 1, Direction: event.Inbound,
			Time: base.Add(clock).UnixMilli(), Recorded: base.Add(clock).UnixMilli(),
		}
		if typ.HasAgency() {
			e.Agency = b.voc.Customs
		}
		if change != nil {
			change(&e)
		}
		b.log(0, &e)
	}
	clock := func(h, m int) time.Duration { return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute }
	scan := func(e *event.Event) { e.Kind = event.Scan }
	send("T5", event.TruckArrived, -30*24*time.Hour, nil)
	send("T1", event.TruckArrived, clock(8, 0), func(e *event.Event) { e.Regime = event.Transit })
	send("T1", event.InspectionStarted, clock(8, 20), scan)
	send("T2", event.TruckArrived, clock(8, 30), nil)
	send("T1", event.HoldPlaced, clock(8, 40), nil)
	send("T2", event.ChannelAssigned, clock(8, 45), func(e *event.Event) { e.Channel = event.Red })
	send("T1", event.InspectionCompleted, clock(8, 50), scan)
	send("T1", event.HoldLifted, clock(9, 0), nil)
	send("T1", event.TruckReleased, clock(9, 10), nil)
	send("T3", event.TruckDeparted, clock(9, 20), nil)
	send("T4", event.TruckArrived, clock(9, 25), nil)
	send("T4", event.EventRetracted, clock(9, 26), func(e *event.Event) {
		e.RetractedID, e.RetractedSource = fmt.Append(nil, seq-1), []byte("post")
	})
	send("T1", event.TruckDeparted, clock(9, 30), nil)
	b.flush()
	return b
}

func TestHandWrittenDayHasNoDifference(t *testing.T) {
	b := day(t)
	if r, out := b.audit(nil); r.Differences != 0 || r.Visits != 5 {
		t.Fatalf("%+v\n%s", r, out)
	}
	rows, err := b.store.Conn().Query(t.Context(), `SELECT visit, concat(status, ' ', fault, ' ', toString(arrayMap((p, h, ms) -> concat(p, '/', h, '=', toString(ms / 60000)), segment_phase, segment_holder, segment_ms)))
		FROM visits FINAL ORDER BY visit`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"T1": "departed  ['wait/customs=20','service/customs=30','hold/customs=10','wait/customs=10','exit/carrier=20']",
		"T2": "inside  ['wait/customs=15']", "T3": "incomplete no_arrival []", "T4": "void  []", "T5": "lapsed  []",
	}
	for rows.Next() {
		var id, got string
		if err := rows.Scan(&id, &got); err != nil {
			t.Fatal(err)
		}
		if got != want[id] {
			t.Errorf("visit %s is %q, want %q", id, got, want[id])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestEveryKindOfDifferenceIsFound(t *testing.T) {
	const (
		t1      = "visits FINAL WHERE visit = 'T1'"
		release = "windows FINAL WHERE measure = 'release_time' AND grain = "
		inside  = "inside_now FINAL WHERE trucks > 0"
		red     = "'wait','unknown','2026-01-05 08:45:00','2026-01-05 08:00:00','red'"
		after   = "'channel.assigned','','','',[]"
	)
	class := func(held, fact string) string {
		return "inside now AF-NAN-TORKHAM inbound shard 0: class (" + held + ") after (" + fact + "): "
	}
	b := day(t)
	for _, table := range []string{"visits", "windows", "inside_now"} {
		b.exec("CREATE TABLE kept_" + table + " AS " + table)
		b.exec("INSERT INTO kept_" + table + " SELECT * FROM " + table)
	}
	for _, tampered := range []struct{ what, table, replace, rows, want string }{
		{"a status", "visits", "'inside' AS status", t1, `visit T1: status: engine "inside", audit "departed"`},
		{"a fault", "visits", "'no_arrival' AS fault", t1, `visit T1: fault: engine "no_arrival", audit ""`},
		{"a milestone by a millisecond", "visits", "released + INTERVAL 1 MILLISECOND AS released", t1, `visit T1: released: engine "2026-01-05 09:10:00.001", audit "2026-01-05 09:10:00.000"`},
		{"a milestone that is not", "visits", "NULL AS departed", t1, `visit T1: departed: engine "", audit "2026-01-05 09:30:00.000"`},
		{"a segment's length", "visits", "arrayMap(ms -> ms + 1, segment_ms) AS segment_ms", t1, `visit T1: segments: engine "wait/customs 2026-01-05 08:00:00.000 1200001 net 1200000,`},
		{"a segment's holder", "visits", "arrayMap(h -> 'trader', segment_holder) AS segment_holder", "visits FINAL WHERE visit = 'T2'", `visit T2: segments: engine "wait/trader 2026-01-05 08:30:00.000 900000 net 900000", audit "wait/customs 2026-01-05 08:30:00.000 900000 net 900000"`},
		{"a net time", "visits", "release_net_ms - 1 AS release_net_ms", t1, `visit T1: release_net_ms: engine "4199999", audit "4200000"`},
		{"a segment's net time", "visits", "arrayMap(ms -> ms - 1, segment_net_ms) AS segment_net_ms", "visits FINAL WHERE visit = 'T2'", `visit T2: segments: engine "wait/customs 2026-01-05 08:30:00.000 900000 net 899999"`},
		{"the open segment", "visits", "'trader' AS holder", "visits FINAL WHERE visit = 'T2'", `visit T2: holder: engine "trader", audit "unknown"`},
		{"when it lapsed", "visits", "last_fact AS lapsed", t1, `visit T1: lapsed: engine "2026-01-05 09:30:00.000", audit ""`},
		{"a channel", "visits", "'green' AS channel", "visits FINAL WHERE visit = 'T2'", `visit T2: channel: engine "green", audit "red"`},
		{"a regime", "visits", "'' AS regime", t1, `visit T1: regime: engine "", audit "transit"`},
		{"a visit without events", "visits", "'T6' AS visit", "visits FINAL WHERE status = 'departed'", `visit T6: row: engine "0 AF-NAN-TORKHAM`},
		{"a visit in another shard", "visits", "1 AS shard", t1, `visit T1: row: engine "1 AF-NAN-TORKHAM`},
		{"a count", "windows", "n + 1 AS n", release + "'hour'", `release_time shard 0: n: engine "2", audit "1"`},
		{"a sum", "windows", "sum_ms - 1 AS sum_ms", release + "'hour'", `inbound  transit hour 2026-01-05 08:30:00 release_time shard 0: sum_ms: engine "4199999", audit "4200000"`},
		{"a sum of squares", "windows", "sum_sq + 1 AS sum_sq", release + "'day'", `inbound  transit day 2026-01-04 19:30:00 release_time shard 0: sum_sq: engine "17640000000001", audit "17640000000000"`},
		{"a bin", "windows", "mapApply((k, v) -> (k + 1, v), bins)::Map(Int16, UInt32) AS bins", release + "'day'", `release_time shard 0: bins: engine "[(387,1)]", audit "[(386,1)]"`},
		{"a net sum", "windows", "net_ms - 1 AS net_ms", release + "'day'", `release_time shard 0: net_ms: engine "4199999", audit "4200000"`},
		{"a net bin", "windows", "net_ms - 1 AS net_ms, map(385::Int16, 1::UInt32) AS net_bins", release + "'day'", `release_time shard 0: net_bins: engine "[(385,1)]", audit "[(386,1)]"`},
		{"a window without events", "windows", "start + 3600 AS start", release + "'hour'", `hour 2026-01-05 09:30:00 release_time shard 0: n: engine "1", audit "0"`},
		{"trucks inside", "inside_now", "trucks + 1 AS trucks", "inside_now FINAL", `inside now AF-NAN-TORKHAM inbound shard 0: trucks: engine "2", audit "1"`},
		{"how many are of a class", "inside_now", "[2] AS class_trucks", inside, class(red, after) + `engine "2", audit "1"`},
		{"the phase of those inside", "inside_now", "['hold'] AS class_phase", inside, class("'hold','unknown','2026-01-05 08:45:00','2026-01-05 08:00:00','red'", after) + `engine "1", audit "0"`},
		{"the holder of those inside", "inside_now", "['customs'] AS class_holder", inside, class("'wait','customs','2026-01-05 08:45:00','2026-01-05 08:00:00','red'", after) + `engine "1", audit "0"`},
		{"since when those inside wait", "inside_now", "[class_since[1] + 900] AS class_since", inside, class("'wait','unknown','2026-01-05 09:00:00','2026-01-05 08:00:00','red'", after) + `engine "1", audit "0"`},
		{"when those inside arrived", "inside_now", "[class_arrived[1] + 3600] AS class_arrived", inside, class("'wait','unknown','2026-01-05 08:45:00','2026-01-05 09:00:00','red'", after) + `engine "1", audit "0"`},
		{"the channel of those inside", "inside_now", "['green'] AS class_channel", inside, class("'wait','unknown','2026-01-05 08:45:00','2026-01-05 08:00:00','green'", after) + `engine "1", audit "0"`},
		{"the last fact of those inside", "inside_now", "['truck.arrived'] AS class_type", inside, class(red, "'truck.arrived','','','',[]") + `engine "1", audit "0"`},
		{"the last fact's agency", "inside_now", "['customs'] AS class_agency", inside, class(red, "'channel.assigned','customs','','',[]") + `engine "1", audit "0"`},
		{"the last fact's kind", "inside_now", "['scan'] AS class_kind", inside, class(red, "'channel.assigned','','scan','',[]") + `engine "1", audit "0"`},
		{"the last fact's result", "inside_now", "['conformant'] AS class_result", inside, class(red, "'channel.assigned','','','conformant',[]") + `engine "1", audit "0"`},
		{"the agencies done", "inside_now", "[['customs']] AS class_done", inside, class(red, "'channel.assigned','','','',['customs']") + `engine "1", audit "0"`},
		{"a class that is not there", "inside_now", "[] AS class_trucks, [] AS class_phase, [] AS class_holder, [] AS class_since, [] AS class_arrived, [] AS class_channel, [] AS class_type, [] AS class_agency, [] AS class_kind, [] AS class_result, [] AS class_done", inside, class(red, after) + `engine "0", audit "1"`},
		{"when a BCP was last seen", "inside_now", "last_event + INTERVAL 1 SECOND AS last_event", "inside_now FINAL", `last_event: engine "2026-01-05 09:30:01.000", audit "2026-01-05 09:30:00.000"`},
	} {
		t.Run(tampered.what, func(t *testing.T) {
			defer b.exec("INSERT INTO " + tampered.table + " SELECT * FROM kept_" + tampered.table)
			defer b.exec("TRUNCATE TABLE " + tampered.table)
			b.exec(fmt.Sprintf("INSERT INTO %s SELECT * REPLACE (as_of + 1 AS as_of, %s) FROM %s", tampered.table, tampered.replace, tampered.rows))
			r, out := b.audit(nil)
			if r.Differences == 0 || !strings.Contains(out, tampered.want) {
				t.Errorf("%+v, want %s, printed\n%s", r, tampered.want, out)
			}
		})
	}
}

func TestLostRowsAndEventsAreFound(t *testing.T) {
	b := day(t)
	b.exec("ALTER TABLE visits DELETE WHERE visit = 'T1' SETTINGS mutations_sync = 1")
	b.exec("ALTER TABLE windows DELETE WHERE measure = 'crossing_time' AND grain = 'day' SETTINGS mutations_sync = 1")
	b.exec("ALTER TABLE inside_now DELETE WHERE 1 SETTINGS mutations_sync = 1")
	_, out := b.audit(nil)
	for _, want := range []string{`visit T1: row: engine "missing", audit "0 AF-NAN`, `crossing_time shard 0: n: engine "0", audit "1"`, `inside now AF-NAN-TORKHAM inbound shard 0: trucks: engine "0", audit "1"`} {
		if !strings.Contains(out, want) {
			t.Errorf("want %s, printed\n%s", want, out)
		}
	}
	b = day(t)
	b.exec("ALTER TABLE events DELETE WHERE type = 'truck.departed' SETTINGS mutations_sync = 1")
	if _, out := b.audit(nil); !strings.Contains(out, `visit T1: status: engine "departed", audit "inside"`) || !strings.Contains(out, `visit T3: row: engine "0 AF-NAN`) {
		t.Errorf("printed\n%s", out)
	}
}

// T2's release is counted in the other shard, where the truck never arrived. Both shards counted what they have.
func TestVisitInTwoShardsIsADifference(t *testing.T) {
	b := day(t)
	at := time.Date(2026, 1, 5, 9, 40, 0, 0, time.UTC).UnixMilli()
	b.log(1, &event.Event{
		Type: event.TruckReleased, ID: []byte("elsewhere"), Source: []byte("customs"), Subject: []byte("T2"), BCP: 1, Direction: event.Inbound,
		Time: at, Recorded: at,
	})
	b.flush()
	r, out := b.audit(nil)
	want := fmt.Sprintf("%s\nvisit T2: split: engine \"shards 0, 1\", audit \"one shard\"\nmoved on, not compared: 0\naudit: 1 differences in 6 visits, %d windows\n", b.offsets(), r.Windows)
	if out != want {
		t.Errorf("printed\n%swant\n%s", out, want)
	}
}

func TestFirstDifferencesArePrintedAndAllAreCounted(t *testing.T) {
	b := day(t)
	b.exec("INSERT INTO windows SELECT * REPLACE (as_of + 1 AS as_of, n + 1 AS n) FROM windows FINAL")
	r, out := b.audit(func(c *audit.Config) { c.Printed = 3 })
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 6 || r.Differences != r.Windows || lines[5] != fmt.Sprintf("audit: %d differences in 5 visits, %d windows", r.Differences, r.Windows) {
		t.Errorf("%+v\n%s", r, out)
	}
}

const truthOfTheDay = `{"visit":"T1","bcp":"AF-NAN-TORKHAM","direction":"inbound","channel":"","regime":"transit","arrived":1767600000000,"released":1767604200000,"refused":null,"departed":1767605400000,"release_net":4200000,"crossing_net":5400000,"segments":[{"phase":"wait","holder":"customs","start":1767600000000,"end":1767601200000,"net":1200000},{"phase":"service","holder":"customs","start":1767601200000,"end":1767603000000,"net":1800000},{"phase":"hold","holder":"customs","start":1767603000000,"end":1767603600000,"net":600000},{"phase":"wait","holder":"customs","start":1767603600000,"end":1767604200000,"net":600000},{"phase":"exit","holder":"carrier","start":1767604200000,"end":1767605400000,"net":1200000}]}
{"visit":"T2","bcp":"AF-NAN-TORKHAM","direction":"inbound","channel":"red","regime":"","arrived":1767601800000,"released":null,"refused":null,"departed":null,"segments":[{"phase":"wait","holder":"customs","start":1767601800000,"end":1767602700000,"net":900000},{"phase":"wait","holder":"unknown","start":1767602700000,"end":null}]}
{"visit":"T3","bcp":"AF-NAN-TORKHAM","direction":"inbound","channel":"","regime":"","arrived":1,"released":null,"refused":null,"departed":2,"segments":[],"lost":true}
`

func TestVisitsAreComparedWithTheTruth(t *testing.T) {
	b := day(t)
	r, out := b.audit(func(c *audit.Config) { c.Truth = strings.NewReader(truthOfTheDay) })
	want := fmt.Sprintf("%s\ntruth: 2 visits compared, 1 not compared because events of theirs were lost\nmoved on, not compared: 0\naudit: 0 differences in 5 visits, %d windows\n", b.offsets(), r.Windows)
	if out != want || r.True != 2 || r.Lost != 1 {
		t.Fatalf("%+v\n%s", r, out)
	}
	for from, to := range map[string][2]string{
		`"arrived":1767600000000`:                {`"arrived":1767600000001`, `visit T1: arrived: engine "2026-01-05 08:00:00.000", truth "2026-01-05 08:00:00.001"`},
		`"departed":1767605400000`:               {`"departed":null`, `visit T1: departed: engine "2026-01-05 09:30:00.000", truth ""`},
		`"end":1767603000000`:                    {`"end":1767603000007`, `visit T1: segments: engine`},
		`"phase":"wait","holder":"unknown"`:      {`"phase":"wait","holder":"trader"`, `visit T2: open: engine "wait/unknown 2026-01-05 08:45:00.000", truth "wait/trader 2026-01-05 08:45:00.000"`},
		`"release_net":4200000`:                  {`"release_net":4199999`, `visit T1: release_net_ms: engine "4200000", truth "4199999"`},
		`"channel":"red"`:                        {`"channel":"green"`, `visit T2: channel: engine "red", truth "green"`},
		`"visit":"T2"`:                           {`"visit":"T9"`, `visit T9: row: engine "missing", truth "AF-NAN-TORKHAM inbound red`},
		`"departed":2,"segments":[],"lost":true`: {`"departed":2,"segments":[]`, `visit T3: arrived: engine "", truth "1970-01-01 00:00:00.001"`},
	} {
		r, out := b.audit(func(c *audit.Config) { c.Truth = strings.NewReader(strings.Replace(truthOfTheDay, from, to[0], 1)) })
		if r.Differences == 0 || !strings.Contains(out, to[1]) {
			t.Errorf("%s: %+v, want %s, printed\n%s", to[0], r, to[1], out)
		}
	}
	first, _, _ := strings.Cut(truthOfTheDay, "\n")
	for text, want := range map[string]string{
		first + "\nnonsense\n":                  "truth: line 2: invalid character",
		first + "\n{\"specversion\":\"1.0\"}\n": "truth: line 2 names no visit",
	} {
		_, err := audit.Run(t.Context(), b.store.Conn(), audit.Config{Database: b.cfg.Database, Places: places, Truth: strings.NewReader(text)}, &strings.Builder{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

func TestScratchTablesAreDropped(t *testing.T) {
	b := day(t)
	b.audit(nil)
	var left uint64
	if err := b.store.Conn().QueryRow(t.Context(), "SELECT count() FROM system.tables WHERE database = ? AND name LIKE 'audit%'", b.cfg.Database).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d tables are left, %v", left, err)
	}
}
