package query

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/overview"
)

// observe writes a reading of a queue of the office: vehicles, wait, age, lanes and rate as SQL, and its state.
func (b *database) observe(queue, time, numbers, state string) {
	b.t.Helper()
	b.insert(`readings (shard, offset, bcp, source, queue, id, time, recorded, vehicles, wait_seconds, age_seconds, lanes_open, service_rate, state, logged)
		SELECT 0, (SELECT count() FROM readings), 'A', 'office', '%s', '%[1]s/%s', %s AS at, at, %s, '%s', at`, queue, time, literal(at(time)), numbers, state)
}

func TestClassesOfVehicleAtOneMinuteAreReadingsOfTheirOwn(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 12*time.Hour))
	b.insideNow(0, "A", "", "2026-01-05T11:50:00Z", 0)
	b.observe("buses", "2026-01-05T10:00:00Z", "3, 600, 60, 1, 12", "open")
	for _, class := range []string{"from 7.5 t", "to 7.5 t", "buses"} {
		b.observe(class, "2026-01-05T11:50:00Z", fmt.Sprintf("%d, NULL, 60, 2, NULL", len(class)), "paused")
	}
	bcp := b.overview().Places[0]
	var got []string
	for _, r := range bcp.Readings {
		got = append(got, fmt.Sprint(r.Queue, " ", *r.Vehicles, " ", *r.LanesOpen, " ", r.State))
	}
	if want := []string{"buses 5 2 paused", "from 7.5 t 10 2 paused", "to 7.5 t 8 2 paused"}; !slices.Equal(got, want) {
		t.Errorf("the overview has %q, want %q", got, want)
	}
	if !bcp.Open || bcp.Status != overview.OK {
		t.Errorf("queues that are paused have closed the place: open %v, %s", bcp.Open, bcp.Status)
	}
	past, err := b.Readings(t.Context(), "A", at("2026-01-05T00:00:00Z"), b.now, 100)
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	for _, r := range past.Readings {
		got = append(got, fmt.Sprint(r.Queue, " ", *r.Vehicles, " until ", r.KnownUntil.Format("15:04")))
	}
	if want := []string{"buses 3 until 11:50", "buses 5 until 12:00", "from 7.5 t 10 until 12:00", "to 7.5 t 8 until 12:00"}; !slices.Equal(got, want) {
		t.Errorf("the readings are %q, want %q", got, want)
	}
	is(t, "service rate", past.Readings[0].ServiceRate, 12)
	null(t, "service rate", past.Readings[1].ServiceRate)
}

// Names of queues are the sender's, too, so one source with many of them is bounded like many sources.
func TestQueuesOfOneSourceCountOneByOne(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 12*time.Hour))
	b.insert(`readings (shard, offset, bcp, source, queue, id, time, recorded, vehicles, logged)
		SELECT 0, number, 'A', 'office', leftPad(toString(70 - number), 2, '0'), toString(number), toDateTime64('2026-01-05 08:00:00', 3, 'UTC') + intDiv(number + 1, 2) AS at, at, 1, at FROM numbers(70)`)
	bcp := b.overview().Places[0]
	var names []string
	for _, r := range bcp.Readings {
		names = append(names, r.Queue)
	}
	if len(names) != 64 || names[0] != "06" || names[1] != "08" || names[63] != "70" || bcp.QueuesLeftOut != 6 || b.QueuesLeftOut("A") != 6 {
		t.Errorf("%d queues are shown, from %s on, and %d are left out; want the 64 that were seen first, and 06 of the two that were seen as the last ones", len(names), strings.Join(names[:1], ""), bcp.QueuesLeftOut)
	}
	past, err := b.Readings(t.Context(), "A", at("2026-01-05T00:00:00Z"), b.now, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(past.Readings) != 64 {
		t.Errorf("%d readings, want those of the 64 queues", len(past.Readings))
	}
}

// A queue is judged by its own readings: another one of its source that moves does not hide that it is frozen.
func TestOneQueueOfASourceIsFrozen(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 2*time.Hour))
	for i := range 7 {
		time := fmt.Sprintf("2026-01-05T%02d:30:00Z", 5+i)
		b.observe("cars", time, fmt.Sprintf("%d, NULL, NULL, NULL, NULL", 10+i), "open")
		b.observe("lorries", time, fmt.Sprintf("7, NULL, %d, NULL, NULL", 3600*i), "open")
		b.observe("buses", time, fmt.Sprintf("7, NULL, %d, %d, NULL", 3600*i, 1+i%2), "open") // its lanes change
	}
	want := map[string]bool{"cars": false, "lorries": true, "buses": false}
	for _, r := range b.overview().Places[0].Readings {
		if r.Frozen != want[r.Queue] {
			t.Errorf("%s: frozen %v", r.Queue, r.Frozen)
		}
	}
	past, err := b.Readings(t.Context(), "A", at("2026-01-05T11:00:00Z"), b.now, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range past.Readings {
		if r.Frozen != want[r.Queue] {
			t.Errorf("%s: frozen %v at 11:30", r.Queue, r.Frozen)
		}
	}
}

func TestWaitOfZeroBesideVehiclesDoesNotCount(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 12*time.Hour))
	b.observe("cars", "2026-01-05T11:30:00Z", "150, 0, NULL, NULL, NULL", "open")
	r := b.overview().Places[0].Readings[0]
	is(t, "vehicles", r.Vehicles, 150)
	is(t, "wait, as it was published", r.WaitSeconds, 0)
	if r.WaitReason != overview.ZeroWithVehicles || r.Reason != "" {
		t.Errorf("%+v", r)
	}
	past, err := b.Readings(t.Context(), "A", at("2026-01-05T00:00:00Z"), b.now, 10)
	if err != nil {
		t.Fatal(err)
	}
	if r := past.Readings[0]; r.WaitReason != overview.ZeroWithVehicles || r.KnownUntil == nil {
		t.Errorf("the vehicles count: %+v", r)
	}
}
