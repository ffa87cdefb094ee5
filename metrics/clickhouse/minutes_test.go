package clickhouse

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Minutes are computed from the rows of visits as the engine computes hours from the visits themselves.
func TestMinutesAreThoseOfTheEngine(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	base := at("UTC", "2026-01-05 08:00").UnixMilli()
	r := rand.New(rand.NewPCG(1, 2))
	var rows []visit.Row
	for n := range 500 {
		k, bcp := &truck{voc: voc, id: fmt.Sprint(n)}, voc.BCPs()[n%2]
		for range r.IntN(12) {
			typ := event.Type(1 + r.IntN(int(event.TruckDeparted)))
			k.add(typ, base+r.Int64N(90*minute), func(e *event.Event) {
				e.BCP, e.Direction = bcp, event.Direction(1+r.IntN(12)/11)
				if typ.HasAgency() && r.IntN(2) > 0 {
					e.Agency, _ = voc.Agency([]byte("Ветеринарь"))
				}
				if typ == event.ChannelAssigned {
					e.Channel = event.Channel(1 + r.IntN(4))
				}
				e.Kind = event.InspectionKind(1 + r.IntN(3))
			})
		}
		v := k.row(int64(n))
		if v.State.Departed == visit.None && !v.State.Empty && r.IntN(2) > 0 {
			v.Lapsed = v.State.Last + 100*minute
		}
		if st := &v.State; st.Fault == visit.Sound && st.Released != visit.None {
			st.ReleaseClosed = r.Int64N(1 + st.Released - st.Arrived)
		}
		for i := range v.State.Segments {
			g := &v.State.Segments[i]
			g.Closed = r.Int64N(1 + g.End - g.Start)
		}
		rows = append(rows, v)
	}
	compareMinutes(t, s, voc, rows)
}

// The bounds of bins are the hard cases: the milliseconds next to each of them, up to ten years.
func TestMinutesHaveTheBinsOfTheEngine(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	base := at("UTC", "2026-01-05 08:00").UnixMilli()
	var rows []visit.Row
	add := func(ms int64) {
		k := (&truck{voc: voc, id: fmt.Sprint(len(rows))}).add(event.TruckArrived, base, nil).add(event.TruckReleased, base+ms, nil)
		rows = append(rows, k.row(1))
	}
	add(0)
	for below := int64(1); below < 10*366*24*60*minute; {
		next := below // the least with another bin
		for step := int64(1); ; step *= 2 {
			if window.BinOf(next+step) == window.BinOf(below) {
				continue
			}
			for low, high := next, next+step; ; {
				if high-low == 1 {
					next = high
					break
				}
				if middle := (low + high) / 2; window.BinOf(middle) == window.BinOf(below) {
					low = middle
				} else {
					high = middle
				}
			}
			break
		}
		add(next - 1)
		add(next)
		below = next
	}
	compareMinutes(t, s, voc, rows)
}

// minuteRow is what a row of the minutes says.
type minuteRow struct {
	bcp, direction, channel, regime, measure, start string
	sum, net                                        int64
	squares, netSquares, bins, netBins              string
}

func compareMinutes(t *testing.T, s *Store, voc *event.Vocabulary, visits []visit.Row) {
	t.Helper()
	if err := s.WriteVisits(t.Context(), 0, chunksOf(visits...)); err != nil {
		t.Fatal(err)
	}
	want := map[minuteRow]int{}
	for i := range visits {
		for _, c := range window.Contributions(nil, &visits[i].State, visits[i].Lapsed) {
			var a window.Aggregate
			a.Add(window.IncrementOf(c.Key.Measure, c.Ms, c.Closed, 1))
			want[minuteRow{
				bcp: voc.BCPName(c.Key.BCP), direction: c.Key.Direction.String(), channel: c.Key.Channel.String(), regime: c.Key.Regime.String(),
				measure: c.Key.Measure.Name(voc), start: fmt.Sprint(int64(c.Key.Start) * 60), sum: a.Sum, net: a.Sum - a.Net.Closed,
				squares: square(a.Sum), netSquares: square(a.Sum - a.Net.Closed), bins: binsText(a.Bins), netBins: binsText(a.NetBins()),
			}]++
		}
	}
	rows, err := s.conn.Query(t.Context(), `SELECT bcp, direction, channel, regime, measure, toString(toUnixTimestamp(start)), sum_ms, net_ms,
		toString(sum_sq), toString(net_sq), toString(bins), toString(net_bins), toInt64(sum(n))
		FROM (`+window.SQLOfMinutes("visits", "true")+`) GROUP BY ALL`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	found := 0
	for rows.Next() {
		var m minuteRow
		var n int64
		if err := rows.Scan(&m.bcp, &m.direction, &m.channel, &m.regime, &m.measure, &m.start, &m.sum, &m.net, &m.squares, &m.netSquares, &m.bins, &m.netBins, &n); err != nil {
			t.Fatal(err)
		}
		found++
		if int64(want[m]) != n {
			t.Errorf("%d of %+v, want %d", n, m, want[m])
		}
	}
	if rows.Err() != nil || found != len(want) || found == 0 {
		t.Errorf("%d rows, want %d, %v", found, len(want), rows.Err())
	}
	for _, m := range window.Measures(voc) {
		// What is asked of one measure, or of two, has all rows of it.
		name := m.Name(voc)
		condition := "measure = '" + name + "'"
		var all, one, two uint64
		row := s.conn.QueryRow(t.Context(), `SELECT countIf(`+condition+`), (SELECT count() FROM (`+window.SQLOfMinutes("visits", "true", name)+`) WHERE `+condition+`),
			(SELECT count() FROM (`+window.SQLOfMinutes("visits", "true", name, "arrivals")+`) WHERE `+condition+`) FROM (`+window.SQLOfMinutes("visits", "true")+`)`)
		if err := row.Scan(&all, &one, &two); err != nil || one != all || two != all {
			t.Errorf("%s: %d rows, %d where it alone is asked for, %d with arrivals (%v)", name, all, one, two, err)
		}
	}
}

func square(ms int64) string { return new(big.Int).Mul(big.NewInt(ms), big.NewInt(ms)).String() }

func binsText(bins window.Bins) string {
	if len(bins) == 0 {
		return "{}"
	}
	return fmt.Sprintf("{%d:%d}", bins[0].Index, bins[0].Count)
}
