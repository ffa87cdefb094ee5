package query

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/presume"
	"dwell/metrics/visit"
)

// Fifty trucks arrived at once, and the fifteen minutes after which another holder is presumed end while their rows are read. The list is of
// one instant: all trucks have the same holder. So the hours of the BCP are looked at once, and not for each truck.
func TestTrucksOfAListArePresumedAtOneInstant(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:14:40Z", torkham())
	arrived := at("2026-01-05T12:00:00Z")
	v := visit.New(1)
	v.Apply(visit.NewFact(&event.Event{ID: []byte("1"), Source: []byte("/gate"), Type: event.TruckArrived, Time: arrived.UnixMilli(), Direction: event.Inbound}))
	b.insert(`visits (shard, visit, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, phase, holder, since, facts)
		SELECT 0, concat('T', toString(number)), 1 + number, 'TORKHAM', 'inbound', 'inside', 0, %[1]s, %[1]s, %[1]s, 'wait', 'unknown', %[1]s, unhex('%[2]s') FROM numbers(50)`,
		literal(arrived), hex.EncodeToString(v.AppendFacts(nil, b.voc)))
	key := presume.Key{Last: event.TruckArrived}
	health, _ := b.voc.Agency([]byte("health"))
	b.Presume(&presume.InForce{Version: presume.Version{Learned: arrived, Table: presume.TableOf(visit.RulesOf(b.voc), []presume.Row{
		{BCP: 1, Direction: event.Inbound, Key: key, Age: 0, Waits: 40, Holders: []event.Agency{b.voc.Trader}, Ms: []int64{10}}, // for the first fifteen minutes
		{BCP: 1, Direction: event.Inbound, Key: key, Age: 1, Waits: 40, Holders: []event.Agency{health}, Ms: []int64{10}},
	})}})
	clock := b.now
	b.Source.now = func() time.Time {
		clock = clock.Add(time.Second)
		return clock
	}
	page, err := b.Inside(t.Context(), overview.VisitsQuery{Place: "TORKHAM", Limit: 100})
	if err != nil || len(page.Visits) != 50 {
		t.Fatalf("%d trucks, %v", len(page.Visits), err)
	}
	all, err := b.visitsOf(t.Context(), "bcp = 'TORKHAM'")
	if err != nil || len(all) != 50 {
		t.Fatalf("%d trucks, %v", len(all), err)
	}
	for _, list := range [][]overview.Visit{page.Visits, all} {
		for _, v := range list {
			if first := list[0].Open.Holder; v.Open.Presumed == nil || v.Open.Holder != first {
				t.Fatalf("%s has %s, and %s has %s", list[0].Visit, first, v.Visit, v.Open.Holder)
			}
		}
	}
	if first, later := page.Visits[0].Open.Holder, all[0].Open.Holder; first != "trader" || later != "health" {
		t.Errorf("the trucks have %s, and with the next question %s, want trader and health", first, later)
	}
}

// unending is a database whose answers have rows for ever.
type unending struct{ driver.Conn }

func (unending) Query(context.Context, string, ...any) (driver.Rows, error) {
	return rowsForEver{}, nil
}

type rowsForEver struct{ none }

func (rowsForEver) Next() bool { return true }

// The time of a question ends while the rows that have come are read: the rest of them is not.
func TestRowsOfAQuestionWhoseTimeIsOverAreNotRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &Source{conn: unending{}}
	rows := 0
	err := s.each(ctx, "visits", "", nil, func(driver.Rows) error {
		if rows++; rows == 3 {
			cancel()
		}
		if rows > 3 {
			return errors.New("one more row")
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || rows != 3 {
		t.Errorf("%d rows were read: %v", rows, err)
	}
}
