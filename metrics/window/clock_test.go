package window

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func load(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func minuteAt(t *testing.T, s string) int32 {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04Z", s)
	if err != nil {
		t.Fatal(err)
	}
	return MinuteOf(at.UnixMilli())
}

// A local day follows the clocks of the BCP. Clocks have been changed at midnight, across it, and back to the day before.
func TestLocalDayAcrossClockChanges(t *testing.T) {
	for _, c := range []struct{ zone, day, start, end, what string }{
		{"Asia/Kabul", "2026-01-05T12:00Z", "2026-01-04T19:30Z", "2026-01-05T19:30Z", "a UTC offset of 4:30"},
		{"Europe/Warsaw", "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z", "23 hours"},
		{"Europe/Warsaw", "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z", "25 hours"},
		{"America/Santiago", "2026-09-06T12:00Z", "2026-09-06T04:00Z", "2026-09-07T03:00Z", "forward from 00:00 to 01:00"},
		{"America/Santiago", "2026-09-06T03:59Z", "2026-09-05T04:00Z", "2026-09-06T04:00Z", "the minute before that change"},
		{"America/Santiago", "2026-04-05T03:30Z", "2026-04-04T03:00Z", "2026-04-05T04:00Z", "back from 24:00 to 23:00"},
		{"America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z", "forward from 00:00 to 01:00"},
		{"Asia/Beirut", "2024-03-31T12:00Z", "2024-03-30T22:00Z", "2024-03-31T21:00Z", "forward from 00:00 to 01:00, east of Greenwich"},
		{"Asia/Amman", "2021-10-29T12:00Z", "2021-10-28T21:00Z", "2021-10-29T22:00Z", "midnight comes twice"},
		{"America/St_Johns", "2010-11-07T02:30Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z", "back from 00:01 to 23:01"},
		{"America/St_Johns", "2010-11-07T03:00Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z", "the same day, although the clock shows the day before again"},
		{"Europe/Warsaw", "2040-12-31T12:00Z", "2040-12-30T23:00Z", "2040-12-31T23:00Z", "the last day of a leap year, by the rule for future years"},
		{"Pacific/Apia", "2011-12-30T09:59Z", "2011-12-29T10:00Z", "2011-12-30T10:00Z", "before a skipped day"},
		{"Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z", "2011-12-31T10:00Z", "after a skipped day"},
	} {
		clock := NewClock(load(t, c.zone))
		k := clock.In(Key{Start: minuteAt(t, c.day), Grain: Minute}, Day)
		if k.Start != minuteAt(t, c.start) || clock.End(k) != minuteAt(t, c.end) {
			t.Errorf("%s, %s (%s): from %s to %s, want from %s to %s", c.zone, c.day, c.what, utc(k.Start), utc(clock.End(k)), c.start, c.end)
		}
	}
}

func utc(minute int32) string {
	return time.Unix(int64(minute)*60, 0).UTC().Format("2006-01-02T15:04Z")
}

// TestClockAgreesWithAMinuteByMinuteWalk compares Clock with an oracle that reads the local time of each minute: a day begins
// when its date occurs for the first time, an hour when the local hour or the UTC offset changes.
func TestClockAgreesWithAMinuteByMinuteWalk(t *testing.T) {
	for _, name := range []string{
		"Asia/Kabul", "Asia/Kathmandu", "UTC", "Europe/Warsaw", "America/Santiago", "America/Asuncion", "America/Sao_Paulo",
		"Asia/Amman", "Asia/Gaza", "Asia/Beirut", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "America/St_Johns",
		"Atlantic/Azores", "Antarctica/Troll", "Pacific/Apia", "Africa/Casablanca", "Asia/Tehran",
	} {
		t.Run(name, func(t *testing.T) {
			zone := load(t, name)
			clock := NewClock(zone)
			rapid.Check(t, func(t *rapid.T) {
				// From 1996 to 2060, mostly near a change of the clocks.
				from := time.Unix(rapid.Int64Range(820_000_000, 2_840_000_000).Draw(t, "from")/60*60, 0).In(zone)
				if _, change := from.ZoneBounds(); !change.IsZero() && rapid.IntRange(0, 3).Draw(t, "anywhere") > 0 {
					from = change.Add(-3 * 24 * time.Hour)
				}
				type stretch struct{ start, end int32 }
				var hours, days []stretch
				begin := MinuteOf(from.UnixMilli())
				y, m, d := from.Date()
				latest := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
				before := from
				for i := range int32(6 * 24 * 60) {
					now := from.Add(time.Duration(i) * time.Minute)
					y, m, d := now.Date()
					if date := time.Date(y, m, d, 0, 0, 0, 0, time.UTC); date.After(latest) {
						latest = date
						days = append(days, stretch{start: begin + i})
					}
					_, offset := now.Zone()
					_, offsetBefore := before.Zone()
					if now.Hour() != before.Hour() || offset != offsetBefore {
						hours = append(hours, stretch{start: begin + i})
					}
					before = now
				}
				check := func(all []stretch, g Grain) {
					for i := range all[:len(all)-1] {
						s := stretch{all[i].start, all[i+1].start}
						for _, minute := range []int32{s.start, s.start + (s.end-s.start)/2, s.end - 1} {
							k := clock.In(Key{Start: minute, Grain: Minute}, g)
							if k.Start != s.start || clock.End(k) != s.end {
								t.Fatalf("the %s of %s is from %s to %s, want from %s to %s",
									g, utc(minute), utc(k.Start), utc(clock.End(k)), utc(s.start), utc(s.end))
							}
							if again := clock.In(k, g); again != k {
								t.Fatalf("the %s from %s is mapped to the one from %s", g, utc(k.Start), utc(again.Start))
							}
						}
					}
				}
				check(hours, Hour)
				check(days, Day)
				for _, d := range days {
					if k := clock.In(Key{Start: d.start, Grain: Minute}, Hour); k.Start != d.start {
						t.Fatalf("the day from %s begins within the hour from %s", utc(d.start), utc(k.Start))
					}
				}
			})
		})
	}
}
