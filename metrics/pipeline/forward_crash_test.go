package pipeline_test

import (
	"fmt"
	"testing"
)

// The process dies while records are forwarded, when half of them are, and at each write of the flush that follows. The next one forwards
// them again, and the numbers are those of producers that need no forwarding.
func TestCrashBetweenForwardingAndFlush(t *testing.T) {
	records, cfg := aBorder(t, 800)
	const batch, many = 150, 1 << 20
	truth := open(t, cfg)
	produced(t, cfg, records, properly).count(truth, batch)
	want := counted(t, truth)

	undisturbed := produced(t, cfg, records, sixPartitioners())
	undisturbed.power = &cutting{left: many}
	undisturbed.count(open(t, cfg), batch)
	if len(undisturbed.forwards) < 4 {
		t.Fatalf("records were forwarded %d times", len(undisturbed.forwards))
	}
	again := 0
	// The writes behind a forwarding are those of raw events, restatements, the intent, windows, visits, occupancy and progress.
	for _, cut := range []struct {
		forwarding, write int
		half              bool
	}{{0, 0, false}, {0, 0, true}, {3, 0, true}, {3, 1, false}, {3, 4, true}, {3, 7, false}} {
		t.Run(fmt.Sprintf("%+v", cut), func(t *testing.T) {
			l := produced(t, cfg, records, sixPartitioners())
			l.power = &cutting{left: many - undisturbed.forwards[cut.forwarding] + 1 + cut.write, half: cut.half}
			store := open(t, cfg)
			l.count(store, batch)
			if got := counted(t, store); got != want {
				t.Errorf("after the crash:\n%swithout it, and with one partitioner:\n%s", got, want)
			}
			for p := range partitions {
				again += len(l.logs[p]) - len(undisturbed.logs[p])
			}
		})
	}
	if again == 0 {
		t.Error("no crash made a record to be forwarded twice")
	}
}
