package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
)

// Bounds of a scenario.
const (
	minFactor, maxFactor = 0.01, 100
	maxHoliday           = 31 // days
	maxSpread            = 2
)

// withLanes are the stages that have lanes, and allStages are all.
var (
	withLanes = []Stage{StageGate, StageDocument, StageScan, StagePhysical, StageWeighbridge, StageSPS}
	allStages = append(slices.Clip(withLanes), StageChannel, StageHold, StageRelease, StageDeclaration, StagePayment, StageDeparture)
)

// Check refuses what cannot be simulated at these places. The error names the key and the value.
func (sc *Scenario) Check(places *place.Book) error {
	voc, err := places.Vocabulary()
	if err != nil {
		return err
	}
	for i, v := range sc.Interventions {
		if err := v.check(places, voc); err != nil {
			return fmt.Errorf("interventions[%d]: %w", i, err)
		}
	}
	for i, o := range sc.Outages {
		if err := o.check(places, voc); err != nil {
			return fmt.Errorf("outages[%d]: %w", i, err)
		}
	}
	for i, h := range sc.Holidays {
		if err := h.check(places); err != nil {
			return fmt.Errorf("holidays[%d]: %w", i, err)
		}
	}
	seen := map[string]bool{}
	for i, v := range sc.Variations {
		if err := v.check(places); err != nil {
			return fmt.Errorf("variations[%d]: %w", i, err)
		}
		if seen[v.Place] || seen[""] || v.Place == "" && len(seen) > 0 {
			return fmt.Errorf("variations[%d]: place: %q has two variations; put them into one", i, v.Place)
		}
		seen[v.Place] = true
	}
	return nil
}

func (i *Intervention) check(places *place.Book, voc *event.Vocabulary) error {
	if err := checkPlace(places, i.Place); err != nil {
		return err
	}
	if err := checkStretch(i.From, i.Until); err != nil {
		return err
	}
	if i.Stage != "" && !slices.Contains(allStages, i.Stage) {
		return fmt.Errorf("stage: %q is not supported; use %s", i.Stage, join(allStages))
	}
	if i.Agency != "" {
		if a, ok := voc.Holder([]byte(i.Agency)); !ok || a == voc.UnknownHolder {
			return fmt.Errorf("agency: %q is not in the places file; use %s", i.Agency, agencies(voc, true))
		}
	}
	if i.ServiceFactor == 0 && i.ArrivalFactor == 0 && i.LanesFactor == 0 {
		return fmt.Errorf("it changes nothing; give service_factor, arrival_factor or lanes_factor")
	}
	for _, f := range []struct {
		key   string
		value float64
	}{{"service_factor", i.ServiceFactor}, {"arrival_factor", i.ArrivalFactor}, {"lanes_factor", i.LanesFactor}} {
		if f.value != 0 && !(minFactor <= f.value && f.value <= maxFactor) {
			return fmt.Errorf("%s: %v is not between %v and %v", f.key, f.value, minFactor, maxFactor)
		}
	}
	switch {
	case i.ArrivalFactor != 0 && (i.Stage != "" || i.Agency != ""):
		return fmt.Errorf("arrival_factor: arrivals have no stage and no agency; make it an intervention of its own")
	case i.LanesFactor != 0 && i.Agency != "":
		return fmt.Errorf("lanes_factor: lanes are chosen by stage and not by agency %q; use %s", i.Agency, join(withLanes))
	case i.LanesFactor != 0 && i.Stage != "" && !slices.Contains(withLanes, i.Stage):
		return fmt.Errorf("lanes_factor: stage %q has no lanes; use %s", i.Stage, join(withLanes))
	case i.LanesFactor != 0 && i.Direction != event.NoDirection && i.Stage != StageGate:
		return fmt.Errorf("lanes_factor: both directions share the lanes but at the gate; leave out direction, or use stage %q", StageGate)
	}
	return nil
}

func (o *Outage) check(places *place.Book, voc *event.Vocabulary) error {
	if err := checkPlace(places, o.Place); err != nil {
		return err
	}
	if err := checkStretch(o.From, o.Until); err != nil {
		return err
	}
	if _, ok := voc.Agency([]byte(o.Agency)); o.Agency != "" && !ok {
		return fmt.Errorf("agency: %q is not in the places file; use %s", o.Agency, agencies(voc, false))
	}
	if o.Late && o.Until.IsZero() {
		return fmt.Errorf("until: it is missing, and what is late is sent then; without late it is never sent")
	}
	return nil
}

func (h *Holiday) check(places *place.Book) error {
	if err := checkPlace(places, h.Place); err != nil {
		return err
	}
	if h.Name == "" {
		return fmt.Errorf("name: it is missing; name the holiday of %q", h.Date)
	}
	if _, err := time.Parse(time.DateOnly, h.Date); err != nil {
		return fmt.Errorf("date: %q is not a day such as 2026-03-20", h.Date)
	}
	if h.Days < 0 || h.Days > maxHoliday {
		return fmt.Errorf("days: %d is not between 1 and %d", h.Days, maxHoliday)
	}
	return nil
}

func (v *Variation) check(places *place.Book) error {
	if err := checkPlace(places, v.Place); err != nil {
		return err
	}
	for _, f := range []struct {
		key              string
		value, low, high float64
	}{
		{"arrival_spread", v.ArrivalSpread, 0, maxSpread},
		{"service_spread", v.ServiceSpread, 0, maxSpread},
		{"persistence", v.Persistence, 0, 0.99},
		{"trend", v.Trend, -0.9, 9},
	} {
		if !(f.low <= f.value && f.value <= f.high) {
			return fmt.Errorf("%s: %v is not between %v and %v", f.key, f.value, f.low, f.high)
		}
	}
	return nil
}

func checkPlace(places *place.Book, id string) error {
	if id == "" || places.Place(id) != nil {
		return nil
	}
	var ids []string
	for _, p := range places.Places {
		ids = append(ids, p.ID)
	}
	return fmt.Errorf("place: %q is not in the places file; use %s, or leave it out for all", id, strings.Join(ids, ", "))
}

func checkStretch(from, until time.Time) error {
	if !until.IsZero() && !until.After(from) {
		return fmt.Errorf("until: %s is not after from, %s", until.Format(time.RFC3339), from.Format(time.RFC3339))
	}
	return nil
}

func join(all []Stage) string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// agencies lists those that have a name, and the other holders where they can be named, too.
func agencies(voc *event.Vocabulary, holders bool) string {
	var names []string
	for _, a := range voc.Holders() {
		if other := a == voc.Trader || a == voc.Carrier; a != voc.UnknownHolder && (holders || !other) {
			names = append(names, voc.HolderName(a))
		}
	}
	return strings.Join(names, ", ")
}
