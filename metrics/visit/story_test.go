package visit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
)

// A story is a list of facts, separated by semicolons: what happened, by whom, and when ("08:00", or "08:30-08:50" for
// what began and ended). "customs#H1" is customs' hold with the id H1. The day is the first; "+1 08:00" is a day later. "not N" retracts the Nth fact.

var day = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func vocabulary(t testing.TB) *event.Vocabulary {
	t.Helper()
	v, err := event.NewVocabulary([]string{"AF-NAN-TORKHAM", "AF-KAN-SPINBOLDAK"},
		[]string{"customs", "border_police", "transport", "plant_quarantine"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func instant(t testing.TB, s string) Time {
	t.Helper()
	days := 0
	if d, rest, ok := strings.Cut(s, " "); ok {
		if _, err := fmt.Sscanf(d, "+%d", &days); err != nil {
			t.Fatalf("time %q: %v", s, err)
		}
		s = rest
	}
	at, err := time.Parse("15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return day.AddDate(0, 0, days).Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute).UnixMilli()
}

var words = map[string]event.Type{
	"arrived": event.TruckArrived, "declared": event.DeclarationLodged, "channel": event.ChannelAssigned,
	"started": event.InspectionStarted, "completed": event.InspectionCompleted, "placed": event.HoldPlaced,
	"lifted": event.HoldLifted, "paid": event.PaymentConfirmed, "released": event.TruckReleased,
	"refused": event.ClearanceRefused, "departed": event.TruckDeparted,
}

// typeOf is the type that a word of a story, or its own name, means.
func typeOf(t testing.TB, word string) event.Type {
	t.Helper()
	typ, ok := words[word]
	if !ok {
		if typ, ok = event.ParseType([]byte(word)); !ok {
			t.Fatalf("%q is not a word of a story", word)
		}
	}
	return typ
}

// parseStory parses a story into facts, in the same order.
func parseStory(t testing.TB, v *event.Vocabulary, story string) []Fact {
	t.Helper()
	var facts []Fact
	fact := func(typ event.Type, agency, at string) {
		e := event.Event{
			Type: typ, ID: fmt.Appendf(nil, "%d", len(facts)+1), Source: []byte("/post"), Subject: []byte("T1"),
			BCP: 1, Direction: event.Inbound, Time: instant(t, at),
		}
		if typ == event.ChannelAssigned {
			e.Channel, _ = event.ParseChannel([]byte(agency))
		}
		if typ.HasKind() {
			e.Kind = event.Document
		}
		if typ.HasAgency() {
			var ok bool
			var hold string
			agency, hold, _ = strings.Cut(agency, "#")
			e.Hold = []byte(hold)
			if e.Agency, ok = v.Agency([]byte(agency)); !ok {
				t.Fatalf("agency %q is not configured", agency)
			}
		}
		facts = append(facts, NewFact(&e))
	}
	for sentence := range strings.SplitSeq(story, ";") {
		word, rest, _ := strings.Cut(strings.TrimSpace(sentence), " ")
		agency := ""
		switch word {
		case "channel", "inspection", "hold":
			agency, rest, _ = strings.Cut(rest, " ")
		case "not":
			facts = append(facts, NewFact(&event.Event{
				Type: event.EventRetracted, RetractedID: []byte(rest), RetractedSource: []byte("/post"),
			}))
			continue
		case "again":
			var n int
			_, _ = fmt.Sscan(rest, &n)
			facts = append(facts, facts[n-1])
			continue
		default:
			if typeOf(t, word).HasAgency() {
				agency, rest, _ = strings.Cut(rest, " ")
			}
		}
		begin, end, _ := strings.Cut(rest, "-")
		switch word {
		case "inspection":
			fact(event.InspectionStarted, agency, begin)
			fact(event.InspectionCompleted, agency, end)
		case "hold":
			fact(event.HoldPlaced, agency, begin)
			fact(event.HoldLifted, agency, end)
		default:
			typ := typeOf(t, word)
			fact(typ, agency, begin)
		}
	}
	return facts
}

// text says a state as the stories do.
func (s *State) text(v *event.Vocabulary) string {
	if s.Empty {
		return "void"
	}
	var out []string
	if s.Fault != Sound {
		return s.Fault.String()
	}
	length := func(ms int64) string { return fmt.Sprintf("%gm", float64(ms)/60_000) }
	if s.Released != None {
		out = append(out, "release_time="+length(s.Released-s.Arrived))
	}
	if s.Departed != None {
		out = append(out, "crossing_time="+length(s.Departed-s.Arrived))
	}
	for _, g := range s.Segments {
		out = append(out, fmt.Sprintf("%s/%s=%s", g.Phase, v.HolderName(g.Holder), length(g.End-g.Start)))
	}
	if s.Phase != NoPhase {
		at := time.UnixMilli(s.Since).UTC().Sub(day)
		out = append(out, fmt.Sprintf("now %s/%s since %02d:%02d", s.Phase, v.HolderName(s.Holder), int(at.Hours()), int(at.Minutes())%60))
	}
	return strings.Join(out, " ")
}

func TestStories(t *testing.T) {
	v := vocabulary(t)
	rules := RulesOf(v)
	f := func(name, story, want string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			facts := parseStory(t, v, story)
			for range 20 {
				var visit Visit
				for _, f := range facts {
					visit.Apply(f)
				}
				var s State
				rules.Derive(&visit, &s)
				if got := s.text(v); got != want {
					t.Fatalf("\n got %s\nwant %s", got, want)
				}
				rand.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
			}
		})
	}
	f("a truck that is released and leaves",
		`arrived 08:00; released 09:10; departed 09:30`,
		`release_time=70m crossing_time=90m wait/customs=70m exit/carrier=20m`)
	f("a truck that has just arrived waits for an unknown holder",
		`arrived 08:00`,
		`now wait/unknown since 08:00`)
	f("an inspection reported after the release still joins its visit",
		`arrived 08:00; released 09:10; inspection customs 08:30-08:50`,
		`release_time=70m wait/customs=30m service/customs=20m wait/customs=20m now exit/carrier since 09:10`)
	f("each wait is for the one who acts next",
		`arrived 08:00; declared 08:20; channel red 08:30; inspection border_police 09:00-09:10; paid 09:30; released 09:40; departed 10:00`,
		`release_time=100m crossing_time=120m wait/trader=20m wait/customs=10m wait/border_police=30m service/border_police=10m wait/trader=20m wait/customs=10m exit/carrier=20m`)
	f("of two inspections at once the first to begin has the truck",
		`arrived 08:00; started customs 08:10; started border_police 08:20; completed customs 08:30; completed border_police 08:40; released 08:40`,
		`release_time=40m wait/customs=10m service/customs=20m service/border_police=10m now exit/carrier since 08:40`)
	f("begun in the same instant, the agency's code decides",
		`arrived 08:00; started customs 08:10; started border_police 08:10; completed border_police 08:30; completed customs 08:40; released 08:40`,
		`release_time=40m wait/border_police=10m service/border_police=20m service/customs=10m now exit/carrier since 08:40`)
	f("a hold gives way to an inspection and comes back",
		`arrived 08:00; placed customs 08:10; inspection plant_quarantine 08:20-08:30; lifted customs 09:00; released 09:00`,
		`release_time=60m wait/customs=10m hold/customs=10m service/plant_quarantine=10m hold/customs=30m now exit/carrier since 09:00`)
	f("an inspection whose beginning was lost: the truck waited for its agency",
		`arrived 08:00; completed transport 08:30; released 09:00`,
		`release_time=60m wait/transport=30m wait/customs=30m now exit/carrier since 09:00`)
	f("a hold whose beginning was lost",
		`arrived 08:00; lifted customs 08:30; paid 09:00`,
		`wait/customs=30m wait/trader=30m now wait/unknown since 09:00`)
	f("a hold ends with the lifting of its id, not with that of another one",
		`arrived 08:00; placed customs#H1 08:10; placed customs#H2 08:20; lifted customs#H1 08:30; lifted customs#H2 08:50; released 09:00`,
		`release_time=60m wait/customs=10m hold/customs=40m wait/customs=10m now exit/carrier since 09:00`)
	f("a lifting without an id ends the holds without one, and one with an id those of that id",
		`arrived 08:00; placed customs 08:10; placed customs#H1 08:20; lifted customs 08:30; lifted customs#H1 08:50; paid 09:00`,
		`wait/customs=10m hold/customs=40m wait/trader=10m now wait/unknown since 09:00`)
	f("one lifting without an id ends two holds without one",
		`arrived 08:00; placed customs 08:10; placed customs 08:20; lifted customs 08:30; released 09:00`,
		`release_time=60m wait/customs=10m hold/customs=20m wait/customs=30m now exit/carrier since 09:00`)
	f("two agencies may give their holds the same id",
		`arrived 08:00; placed customs#1 08:10; placed transport#1 08:20; lifted customs#1 08:30; lifted transport#1 08:40; released 08:40`,
		`release_time=40m wait/customs=10m hold/customs=20m hold/transport=10m now exit/carrier since 08:40`)
	f("a lifting of an id that no hold has: the beginning was lost",
		`arrived 08:00; placed customs#H1 08:10; lifted customs#H2 08:30; released 09:00`,
		`release_time=60m wait/customs=10m hold/customs=50m now exit/carrier since 09:00`)
	f("an inspection whose end was lost ends with the release",
		`arrived 08:00; started transport 08:30; released 09:00; departed 09:05`,
		`release_time=60m crossing_time=65m wait/transport=30m service/transport=30m exit/carrier=5m`)
	f("a truck under inspection",
		`arrived 08:00; started customs 08:30; paid 08:40`,
		`wait/customs=30m now service/customs since 08:30`)
	f("after an inspection a truck waits for an unknown holder",
		`arrived 08:00; inspection customs 08:30-08:40`,
		`wait/customs=30m service/customs=10m now wait/unknown since 08:40`)
	f("a refused truck waits for its carrier, and its visit ends at the departure",
		`arrived 08:00; refused 09:00; departed 11:00`,
		`crossing_time=180m wait/customs=60m wait/carrier=120m`)
	f("a declaration lodged before the arrival",
		`declared 07:00; arrived 08:00; released 09:00`,
		`release_time=60m wait/customs=60m now exit/carrier since 09:00`)
	f("an inspection that began before the arrival",
		`started customs 07:00; arrived 08:00; completed customs 08:10; released 09:00`,
		`release_time=60m service/customs=10m wait/customs=50m now exit/carrier since 09:00`)
	f("one inspection ends and the next of the same agency begins in the same instant",
		`arrived 08:00; inspection customs 08:00-08:20; inspection customs 08:20-08:30; released 08:30`,
		`release_time=30m service/customs=30m now exit/carrier since 08:30`)
	f("an inspection that took no time",
		`arrived 08:00; inspection customs 08:20-08:20; released 08:30`,
		`release_time=30m wait/customs=30m now exit/carrier since 08:30`)
	f("events after the departure do not change the crossing",
		`arrived 08:00; released 08:30; departed 08:40; inspection customs 09:00-09:10`,
		`release_time=30m crossing_time=40m wait/customs=30m exit/carrier=10m`)
	f("a fact told twice", `arrived 08:00; released 08:30; again 1; again 2`, `release_time=30m wait/customs=30m now exit/carrier since 08:30`)
	f("a retracted release", `arrived 08:00; released 08:30; not 2`, `now wait/unknown since 08:00`)
	f("a retraction of everything", `arrived 08:00; not 1`, `void`)
	f("no arrival", `released 08:30; departed 09:00`, `no_arrival`)
	f("released before it came", `released 07:30; arrived 08:00`, `released_before_arrival`)
	f("left before it came", `departed 07:30; arrived 08:00`, `departed_before_arrival`)
	f("released after it left", `arrived 08:00; departed 09:00; released 09:30`, `released_after_departure`)
	f("an arrival that comes late mends the visit", `departed 09:00; arrived 08:00`, `crossing_time=60m wait/carrier=60m`)
	f("a stay over midnight", `arrived 20:00; inspection customs +1 02:00-+1 03:00; released +1 04:00`,
		`release_time=480m wait/customs=360m service/customs=60m wait/customs=60m now exit/carrier since 28:00`)
}
