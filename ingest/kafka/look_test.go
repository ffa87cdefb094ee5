package kafka

import (
	"fmt"
	"testing"
)

// TestLookReadsTheFirstRecordFromAnOffsetOn of a log whose end is lost, and went on behind that.
func TestLookReadsTheFirstRecordFromAnOffsetOn(t *testing.T) {
	_, p := shortened(t, 100, true, nil)
	numbered(t, p, 1000)
	first, end, err := p.Bounds(t.Context(), 0)
	if err != nil || first != 0 || end != 102 {
		t.Fatalf("the log has %d to %d, %v", first, end, err)
	}
	for offset, want := range map[int64]string{0: "0 0", 20: "20 20", 75: "101 1000", 100: "101 1000", 101: "101 1000", 102: "no record"} {
		got := "no record"
		r, ok, err := p.Look(t.Context(), 0, offset)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			got = fmt.Sprintf("%d %s", r.Offset, r.Value)
		}
		if got != want {
			t.Errorf("from %d on: %s, want %s", offset, got, want)
		}
	}
}
