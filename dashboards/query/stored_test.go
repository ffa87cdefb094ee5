package query

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

// An overview that is read again and again while shards write, late and to some hours only, equals that of a new source.
func TestOverviewReadAgainMatchesAFreshOne(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:10:00Z", torkham(), placeOf("SPIN-BOLDAK", "Asia/Kabul", 3*time.Hour))
	random := rand.New(rand.NewPCG(1, 2))
	offsets := [3]int{}
	text := func(s *Source) string {
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		overview, err := s.Overview(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(overview)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	changed, last := 0, ""
	for range 40 {
		b.now = b.now.Add(time.Duration(random.IntN(8)) * time.Minute)
		// One or two shards flush; of a shard that has not come to the end of its flush, the progress is not there yet.
		for range 1 + random.IntN(2) {
			shard := random.IntN(len(offsets))
			offsets[shard] += 1 + random.IntN(50)
			b.asOf = offsets[shard]
			for range random.IntN(4) {
				start := b.now.Truncate(time.Hour).Add(-30*time.Minute - time.Duration(random.IntN(4)*random.IntN(4))*time.Hour)
				b.window(shard, []string{"TORKHAM", "SPIN-BOLDAK"}[random.IntN(2)], "inbound", "hour", start.Format(time.RFC3339),
					[]string{"release_time", "wait/customs"}[random.IntN(2)], 2, random.IntN(9000), random.IntN(9000))
			}
			if random.IntN(4) > 0 {
				b.insert("progress (shard, offset, as_of) VALUES (%d, %d, %d)", shard, b.asOf, b.asOf)
			}
		}
		text(b.Source) // what is under way may be on it or not
		for shard, offset := range offsets {
			b.insert("progress (shard, offset, as_of) VALUES (%d, %d, %d)", shard, offset, offset)
		}
		is, fresh := text(b.Source), text(b.source(b.conn, b.db))
		if is != fresh {
			t.Fatalf("%s: shards at %v:\n%s\nof a new source:\n%s", b.now, offsets, is, fresh)
		}
		if is != last {
			changed++
		}
		last = is
	}
	if changed < 30 {
		t.Errorf("the overview changed %d times", changed)
	}
}
