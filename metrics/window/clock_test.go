package window

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAClockAgreesWithTheCalendar(t *testing.T) {
	for _, name := range []string{"Asia/Kabul", "Europe/Warsaw", "UTC", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		clock := NewClock(zone)
		rapid.Check(t, func(t *rapid.T) {
			k := Key{Start: rapid.Int32Range(0, 60_000_000).Draw(t, "minute"), Grain: Minute}
			if rapid.Bool().Draw(t, "near a change of clocks") {
				_, change := at(k.Start, zone).ZoneBounds()
				if !change.IsZero() {
					k.Start = int32(change.Unix()/60) + rapid.Int32Range(-1500, 1500).Draw(t, "after")
				}
			}
			for _, g := range []Grain{Minute, Hour, Day} {
				want := k.In(g, zone)
				if got := clock.In(k, g); got != want {
					t.Fatalf("%s: the %s of minute %d starts at %d, want %d", name, g, k.Start, got.Start, want.Start)
				}
				if got := clock.End(want); got != want.End(zone) {
					t.Fatalf("%s: the %s from %d ends at %d, want %d", name, g, want.Start, got, want.End(zone))
				}
			}
		})
	}
}
