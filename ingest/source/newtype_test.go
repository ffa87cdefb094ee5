package source_test

import (
	"fmt"
	"strings"
	"testing"

	"dwell/ingest/source"
)

const entries = `source: /gate
bcp: PL-18-MEDYKA
direction: outbound
columns: {subject: pass, type: what, time: at}
codes: {type: {IN: truck.arrived, SCAN: inspection.started, WEIGHED: inspection.started}}
except: {what: [PING], lane: [test]}
events:
  - {only: {what: [IN, OUT]}}
  - {only: {what: [SCAN], lane: ["1"]}, values: {agency: customs, kind: scan}}
  - {only: {what: [OPENED]}, values: {type: bcp.opened}}
`

// A gate's software is updated, and has a word for trucks that turn round. The mapping selects its events by the words that it knows, so the
// new one would be lost in silence. It is refused, in a file as in a topic; what the mapping names, or another column decides, is passed over.
func TestNewWordOfTheTypesIsRefusedAndNotPassedOver(t *testing.T) {
	const file = `at,pass,what,lane
2026-07-01T08:00:00Z,T1,IN,1
2026-07-01T08:01:00Z,T1,TURNED,1
2026-07-01T08:02:00Z,T1,ping,1
2026-07-01T08:03:00Z,T1,TURNED,test
2026-07-01T08:04:00Z,T1,SCAN,2
2026-07-01T08:05:00Z,T1,WEIGHED,1
2026-07-01T08:06:00Z,T1,OUT,1
2026-07-01T08:07:00Z,T1,,1
`
	const (
		turned = `what: "TURNED" is a new word; name it in codes.type and in only, or in except if it is to be passed over`
		out    = `what: "OUT" is not the type of an event; name it in codes.type, or leave its records out by except`
		empty  = `what is empty; name "" in except if such records are to be passed over`
		in     = "01T08:00 PL-18-MEDYKA T1 truck.arrived outbound id="
	)
	got, tally := events(t, file, mapping(t, entries))
	same(t, got, []string{
		in + "PL-18-MEDYKA/T1/truck.arrived/2026-07-01T08:00:00Z", "line 3: " + turned, "line 8: " + out, "line 9: " + empty,
	})
	if want := "4 lines: 1 event, 3 refused (3 unknown_type); 4 not selected by only or except"; tally.String() != want {
		t.Errorf("%v, want %s", tally, want)
	}
	got, _ = events(t, file, mapping(t, strings.Replace(entries, "[PING]", `[PING, turned, ""]`, 1)))
	same(t, got, []string{in + "PL-18-MEDYKA/T1/truck.arrived/2026-07-01T08:00:00Z", "line 8: " + out})

	const message = `[{"at":"2026-07-01T08:00:00Z","pass":"T1","what":"IN","lane":"1"},
{"at":"2026-07-01T08:01:00Z","pass":"T1","what":"TURNED","lane":"1"},
{"at":"2026-07-01T08:02:00Z","pass":"T1","what":"PING","lane":"1"}]`
	same(t, translated(t, entries, message), []string{in + "gate/0/7/truck.arrived", turned})
	m, err := source.NewMessages(mapping(t, entries), vocabulary(t), zoneOf)
	if err != nil {
		t.Fatal(err)
	}
	passed, err := m.Translate([]byte(message), "gate/0/7", today, func(source.Line, error) error { return nil })
	if passed != 1 || err != nil {
		t.Errorf("%d records are passed over (%v), want the PING alone", passed, err)
	}
}

// A row has a broken cell beside the new word, so its cell is what it is refused for. One with a word of except is passed over nevertheless.
func TestNewWordOfTheTypesBesideABrokenCell(t *testing.T) {
	row := func(number int, word string) string {
		return trucks(number, fmt.Sprintf(`<c t="e"><v>#REF!</v></c><c t="inlineStr"><is><t>%s</t></is></c>`, word))
	}
	file := sheetXML(t, strings.NewReader(row(2, "TURNED")+row(3, "PING")+sheetEnd), nil)
	m := strings.NewReplacer("pass", "trucks", "what", "note", "time: at", "time: time", ", lane: [test]", "", `, lane: ["1"]`, "").Replace(entries)
	got, tally := events(t, string(file), mapping(t, m))
	same(t, got, []string{`row 2: trucks: cell C2 has the error "#REF!"; a word for unknown belongs in words.unknown`})
	if want := "1 row: 0 events, 1 refused (1 invalid_field); 1 not selected by only or except"; tally.String() != want {
		t.Errorf("%v, want %s", tally, want)
	}
}
