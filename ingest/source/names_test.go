package source_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dwell/ingest/source"
)

const spelledGate = `source: /gate
bcp: PL-18-MEDYKA
path: Data.items
columns: {subject: "Truck.Plates[].no", type: truck.What, time: at, direction: /Way, lane: " lane "}
time_layout: epoch_s
events: [{}]
`

// The gate's software is updated, and writes the names in another case from then on: in the same file, and in the messages of its topic. A name
// that is there in two cases is there twice.
func TestNamesAreMatchedInAnyCaseInFilesAndMessages(t *testing.T) {
	const file = `{"way":"inbound","data":{"ITEMS":[
{"at":1782892800,"lane":"3","truck":{"what":"truck.arrived","plates":[{"no":"T1"}]}},
{"AT":1782892860,"Lane":"3","TRUCK":{"WHAT":"truck.arrived","PLATES":[{"NO":"T2"}]}},
{"At":1782892920," lane":"3","Truck":{"What":"truck.arrived","Plates":[{"No":"T3"}]}},
{"at":1782892980,"At":1782892980,"truck":{"what":"truck.arrived","plates":[{"no":"T4"}]}}
]}}`
	got, tally := events(t, file, mapping(t, spelledGate))
	same(t, got, []string{
		"01T08:00 PL-18-MEDYKA T1 truck.arrived inbound 3 id=PL-18-MEDYKA/T1/truck.arrived/3/2026-07-01T08:00:00Z",
		"01T08:01 PL-18-MEDYKA T2 truck.arrived inbound 3 id=PL-18-MEDYKA/T2/truck.arrived/3/2026-07-01T08:01:00Z",
		"01T08:02 PL-18-MEDYKA T3 truck.arrived inbound 3 id=PL-18-MEDYKA/T3/truck.arrived/3/2026-07-01T08:02:00Z",
		"object 4: at is there twice",
	})
	if want := "4 objects: 3 events, 1 refused (1 unreadable_line)"; tally.String() != want {
		t.Errorf("%v, want %s", tally, want)
	}
	got = translated(t, spelledGate, file)
	same(t, got, []string{
		"01T08:00 PL-18-MEDYKA T1 truck.arrived inbound 3 id=gate/0/7",
		"01T08:01 PL-18-MEDYKA T2 truck.arrived inbound 3 id=gate/0/7/2",
		"01T08:02 PL-18-MEDYKA T3 truck.arrived inbound 3 id=gate/0/7/3",
		"at is there twice",
	})
	same(t, translated(t, spelledGate, strings.Replace(file, `{"way":"inbound",`, `{"way":"inbound","WAY":"outbound",`, 1))[:1], []string{"/Way is there twice"})
}

// translated are the events of a message of a topic.
func translated(t *testing.T, text, message string) (got []string) {
	t.Helper()
	voc := vocabulary(t)
	m, err := source.NewMessages(mapping(t, text), voc, zoneOf)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Translate([]byte(message), "gate/0/7", today, func(l source.Line, err error) error {
		var bad *source.LineError
		if errors.As(err, &bad) {
			got = append(got, bad.Text)
			return nil
		}
		if err == nil {
			got = append(got, said(voc, l.Event))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// An agency's XML changes the case of its elements, too, and repeats one or not.
func TestElementsAreMatchedInAnyCase(t *testing.T) {
	const m = `source: /gate
bcp: PL-18-MEDYKA
path: report.event
columns: {subject: "trucks[].@no", type: what, time: /report.at}
time_layout: epoch_s
direction: inbound
events: [{}]
`
	const file = `<Report><At>1782892800</At><event><What>truck.arrived</What><Trucks No="T1"/></event>
<EVENT><WHAT>truck.arrived</WHAT><TRUCKS NO="T2"/><trucks no="T3"/></EVENT></Report>`
	got, _ := events(t, file, mapping(t, m))
	same(t, got, []string{
		"01T08:00 PL-18-MEDYKA T1 truck.arrived inbound id=PL-18-MEDYKA/T1/truck.arrived/2026-07-01T08:00:00Z",
		"01T08:00 PL-18-MEDYKA T2 truck.arrived inbound id=PL-18-MEDYKA/T2/truck.arrived/2026-07-01T08:00:00Z",
		"01T08:00 PL-18-MEDYKA T3 truck.arrived inbound id=PL-18-MEDYKA/T3/truck.arrived/2026-07-01T08:00:00Z",
	})
}

// Whatever the alphabet, a message whose names are in another case is read as one whose names are the mapping's.
func TestAnyNameIsFoundInAnyCase(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.StringMatching(`[\p{L}\p{N}][\p{L}\p{N} _-]{0,8}[\p{L}\p{N}]`).Draw(rt, "name")
		other := rapid.SampledFrom([]func(string) string{strings.ToUpper, strings.ToLower, strings.ToTitle}).Draw(rt, "case")(name)
		if !strings.EqualFold(name, other) || strings.EqualFold(name, "at") {
			return
		}
		text := "source: /gate\nbcp: PL-18-MEDYKA\ndirection: inbound\ntime_layout: epoch_s\ncolumns: {subject: \"" + name + "\", time: at}\nevents: [{values: {type: truck.arrived}}]\n"
		got := translated(t, text, `{"at":1782892800," `+other+` ":"T1"}`)
		if want := "01T08:00 PL-18-MEDYKA T1 truck.arrived inbound id=gate/0/7"; len(got) != 1 || got[0] != want {
			rt.Errorf("%q as %q: %q", name, other, got)
		}
	})
}
