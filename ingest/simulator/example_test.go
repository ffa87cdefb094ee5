package simulator_test

import (
	"fmt"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
)

// Twelve weeks of one BCP by the quarter of an hour, with a surge that a statistic has to find, and without it: two runs of
// one seed are the same until then.
func ExampleTally() {
	book, err := place.Load("afghanistan")
	if err != nil {
		panic(err)
	}
	const aqina = "AF-FYB-AQINA"
	book.Places = []place.Place{*book.Place(aqina)}
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	surge := from.AddDate(0, 0, 70).Add(6 * time.Hour)

	play := func(surges ...simulator.Intervention) simulator.Series {
		all, err := simulator.Tally(simulator.Config{
			Places: book, From: from, Until: from.AddDate(0, 0, 84), Seed: 1,
			Scenario: simulator.Scenario{
				Interventions: surges,
				Variations:    []simulator.Variation{simulator.Quiet(aqina)},
			},
		}, 15*time.Minute)
		if err != nil {
			panic(err)
		}
		return all[0] // of two directions
	}
	usual := play()
	surged := play(simulator.Intervention{
		Place: aqina, Direction: event.Inbound, From: surge, Until: surge.Add(4 * time.Hour), ArrivalFactor: 6,
	})
	fmt.Println(surged.Place, surged.Direction, len(surged.Arrived), "steps of", surged.Step)
	for i := range usual.Arrived {
		if usual.Arrived[i] != surged.Arrived[i] {
			fmt.Println("the arrivals differ since", surged.Start.Add(time.Duration(i)*surged.Step).Format(time.DateTime))
			break
		}
	}
	// Output:
	// AF-FYB-AQINA inbound 8064 steps of 15m0s
	// the arrivals differ since 2026-03-16 06:00:00
}
