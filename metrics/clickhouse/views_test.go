package clickhouse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

func at(zone, text string) time.Time {
	z, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", text, z)
	if err != nil {
		panic(err)
	}
	return t
}

// Two trucks took 10 and 30 minutes, in two shards and two channels, the BCP being closed for 20 of the 30; a third took no
// time.
func TestViewsOfAHandComputedDay(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	start := int32(at("UTC", "2026-01-05 08:00").Unix() / 60)
	key := func(m window.Measure, c event.Channel) window.Key {
		return window.Key{Start: start, BCP: 1, Direction: event.Inbound, Channel: c, Grain: window.Hour, Measure: m}
	}
	row := func(k window.Key, ms ...int64) window.Row {
		r := window.Row{Key: k, AsOf: 10}
		for _, v := range ms {
			closed := int64(0)
			if v == 1_800_000 {
				closed = 1_200_000
			}
			r.Add(window.IncrementOf(k.Measure, v, closed, 1))
		}
		return r
	}
	wait := window.OfSegment(visit.Wait, voc.Customs)
	one := []window.Row{
		row(key(window.ReleaseTime, event.Red), 600_000), row(key(wait, event.Red), 600_000, 0),
		row(key(window.Arrivals, event.Red), 0, 0), row(key(window.OfFault(visit.NoArrival), event.Red), 0),
		row(key(window.CrossingTime, event.Red)), // all taken back
	}
	two := []window.Row{
		row(key(window.ReleaseTime, event.Green), 1_800_000), row(key(window.Arrivals, event.Green), 0),
		row(key(window.UntimedLeft, event.Green), 0), row(key(window.UntimedDepartures, event.Green), 0), row(key(window.OfFault(visit.DirectionConflict), event.Green), 0),
	}
	later := key(window.CrossingTime, event.Green)
	later.Start += 120
	two = append(two, row(later, 7_200_000))
	outdated := row(key(window.ReleaseTime, event.Green), 1, 1, 1)
	outdated.AsOf = 3
	for id, rows := range [][]window.Row{one, two, {outdated}} {
		if err := s.WriteWindows(t.Context(), id%2+id/2, pointers(rows...)); err != nil { // the outdated row is of shard 1
			t.Fatal(err)
		}
	}
	inside := []engine.Inside{{
		BCP: 1, Direction: event.Inbound, AsOf: 5, Occupancy: engine.Occupancy{LastEvent: 1_767_600_000_123, Trucks: 3, Classes: map[engine.Class]int{
			{Held: wait, Arrived: 490_000}: 1, {Held: wait, Arrived: 490_001}: 1, {Held: window.OfSegment(visit.Exit, voc.Carrier), Arrived: 490_000}: 1,
		}},
	}}
	for id := range 2 {
		inside[0].LastEvent += int64(id) * 1000
		if err := s.WriteInside(t.Context(), id, inside); err != nil {
			t.Fatal(err)
		}
	}
	k := &truck{voc: voc, id: "T1"}
	base := at("UTC", "2026-01-05 08:00").UnixMilli()
	k.add(event.TruckArrived, base, nil).add(event.TruckReleased, base+90_500, nil).add(event.TruckDeparted, base+120_000, nil)
	r := k.row(3)
	r.State.CrossingClosed, r.State.Segments[1].Closed = 20_000, 20_000
	if err := s.WriteVisits(t.Context(), 0, chunksOf(r)); err != nil {
		t.Fatal(err)
	}

	p := func(ms int64) string { return fmt.Sprintf("%.6f", window.ValueOf(window.BinOf(ms))) }
	for query, want := range map[string]string{
		"SELECT bcp, direction, grain, toString(start), measure, n, mean, sd FROM crossing_times WHERE measure != 'crossing_time' ORDER BY measure": "" +
			"AF-NAN-TORKHAM\tinbound\thour\t2026-01-05 08:00:00\trelease_time\t2\t1200\t600\n" +
			"AF-NAN-TORKHAM\tinbound\thour\t2026-01-05 08:00:00\twait/customs\t2\t300\t300\n",
		"SELECT measure, printf('%.6f', p50), printf('%.6f', p90), printf('%.6f', p95) FROM crossing_times WHERE measure != 'crossing_time' ORDER BY measure": "" +
			"release_time\t" + p(600_000) + "\t" + p(1_800_000) + "\t" + p(1_800_000) + "\n" +
			"wait/customs\t0.000000\t" + p(600_000) + "\t" + p(600_000) + "\n",
		"SELECT measure, net_mean, net_sd, printf('%.6f', net_p50), printf('%.6f', net_p95) FROM crossing_times WHERE measure != 'crossing_time' ORDER BY measure": "" +
			"release_time\t600\t0\t" + p(600_000) + "\t" + p(600_000) + "\nwait/customs\t300\t300\t0.000000\t" + p(600_000) + "\n",
		"SELECT channel, net_mean, printf('%.6f', net_p90) FROM crossing_times_by_channel WHERE measure = 'release_time' ORDER BY channel": "" +
			"green\t600\t" + p(600_000) + "\nred\t600\t" + p(600_000) + "\n",
		"SELECT channel, regime, measure, n, mean, sd FROM crossing_times_by_channel WHERE start < '2026-01-05 10:00:00' ORDER BY measure, channel": "" +
			"green\t\trelease_time\t1\t1800\t0\nred\t\trelease_time\t1\t600\t0\nred\t\twait/customs\t2\t300\t300\n",
		"SELECT start, arrivals, releases, departures, left, refusals, lapsed, incomplete, inconsistent FROM movements ORDER BY start": "2026-01-05 08:00:00\t3\t2\t1\t1\t0\t0\t1\t1\n2026-01-05 10:00:00\t0\t0\t1\t1\t0\t0\t0\t0\n",
		"SELECT start, trucks FROM inside WHERE start > '2026-01-05 00:00:00' ORDER BY start":                                          "2026-01-05 08:00:00\t2\n2026-01-05 10:00:00\t1\n",
		"SELECT * FROM waiting_now ORDER BY phase": "" +
			"AF-NAN-TORKHAM\tinbound\texit\tcarrier\t2\t2026-01-05 08:00:01.123\nAF-NAN-TORKHAM\tinbound\twait\tcustoms\t4\t2026-01-05 08:00:01.123\n",
		"SELECT visit, status, release_time, release_net_time, crossing_time, crossing_net_time, segments FROM latest_visits": "" +
			"T1\tdeparted\t90.5\t90.5\t120\t100\t[('wait','customs','2026-01-05 08:00:00.000',90.5,90.5),('exit','carrier','2026-01-05 08:01:30.500',29.5,9.5)]\n",
		"SELECT start, arrivals, releases, departures, left FROM movements_by_minute(bcp = 'AF-NAN-TORKHAM', from = '2026-01-05 08:00:00', to = '2026-01-05 08:02:00') ORDER BY start": "" +
			"2026-01-05 08:00:00\t1\t0\t0\t0\n2026-01-05 08:01:00\t0\t1\t0\t0\n",
		"SELECT grain, start, measure, n, mean, net_mean, printf('%.6f', p90) FROM crossing_times_by_minute(bcp = 'AF-NAN-TORKHAM', from = '2026-01-05 08:01:00', to = '2026-01-05 08:03:00') ORDER BY start, measure": "" +
			"minute\t2026-01-05 08:01:00\trelease_time\t1\t90.5\t90.5\t" + p(90_500) + "\nminute\t2026-01-05 08:01:00\twait/customs\t1\t90.5\t90.5\t" + p(90_500) + "\n" +
			"minute\t2026-01-05 08:02:00\tcrossing_time\t1\t120\t100\t" + p(120_000) + "\nminute\t2026-01-05 08:02:00\texit/carrier\t1\t29.5\t9.5\t" + p(29_500) + "\n",
		"SELECT count() FROM queue_readings": "0\n",
	} {
		if got := s.text(t, query); got != want {
			t.Errorf("%s\n%s\nwant\n%s", query, got, want)
		}
	}
}

// The quantiles of the view are those of the engine's own sketch, and near the exact ones; quantilesDD, which knows
// nothing of our bins, gives the same bins.
func TestQuantilesAgree(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	r := rand.New(rand.NewPCG(3, 4))
	start := int32(at("UTC", "2026-03-01 00:00").Unix() / 60)
	for n := range 40 {
		var durations []string
		row := window.Row{Key: window.Key{BCP: 1, Direction: event.Inbound, Grain: window.Hour, Measure: window.ReleaseTime, Start: start + int32(n)}, AsOf: 1}
		for range 1 + n*n {
			// From a second up: below it quantilesDD of 26.7 cuts the logarithm towards zero, and is one bin too high.
			ms := int64(1000 * math.Exp(r.Float64()*14))
			row.Add(window.IncrementOf(window.ReleaseTime, ms, 0, 1))
			durations = append(durations, fmt.Sprint(float64(ms)/1000))
		}
		if err := s.WriteWindows(t.Context(), 0, pointers(row)); err != nil {
			t.Fatal(err)
		}
		var q [3]float64
		const asked = "SELECT p50, p90, p95 FROM crossing_times WHERE start = fromUnixTimestamp(?)"
		if err := s.conn.QueryRow(t.Context(), asked, int64(row.Key.Start)*60).Scan(&q[0], &q[1], &q[2]); err != nil {
			t.Fatal(err)
		}
		// quantilesDD takes the value at rank floor(level*(n-1)), counted from zero, and ours is at ceil(level*n), counted
		// from one: it is asked for the level at which both are the same.
		var levels []string
		for _, level := range []float64{0.5, 0.9, 0.95} {
			rank := math.Ceil(level * float64(row.N))
			levels = append(levels, fmt.Sprintf("%.12f", min(1, (rank-0.75)/max(1, float64(row.N-1)))))
		}
		var oracle []float64
		list := "[" + strings.Join(durations, ",") + "]"
		dd := fmt.Sprintf("SELECT arrayReduce('quantilesDD(%.18f, %s)', %s)::Array(Float64)", window.RelativeError, strings.Join(levels, ","), list)
		if err := s.conn.QueryRow(t.Context(), dd).Scan(&oracle); err != nil {
			t.Fatal(err)
		}
		for i, level := range []float64{0.5, 0.9, 0.95} {
			if want := row.Bins.Quantile(level); math.Abs(q[i]/want-1) > 1e-12 {
				t.Errorf("%d durations: p%v of the view is %v, of the sketch %v", row.N, level*100, q[i], want)
			}
			if math.Abs(q[i]/oracle[i]-1) > 1e-6 {
				t.Errorf("%d durations: p%v of the view is %v, quantilesDD says %v", row.N, level*100, q[i], oracle[i])
			}
		}
	}
}
