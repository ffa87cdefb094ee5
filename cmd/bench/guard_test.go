package main

import (
	"strings"
	"testing"
)

// The ceiling is a microsecond an event, by the best run of each of its parts.
const ceilingFigures = `
Ceiling/copy 250 ns/event
Ceiling/copy 4000000 events/cpu-s
Ceiling/copy 3000000 events/cpu-s
Ceiling/scan 4000000 events/cpu-s
Ceiling/visits 4000000 events/cpu-s
Ceiling/columns 2000000 events/cpu-s
Ceiling/columns 4000000 events/cpu-s
`

func TestGuardFailsWhenAnEventCostsAThirdMore(t *testing.T) {
	expected, err := readPrices(strings.NewReader("# measured\nEngine 3\n\nDecode 0.5\n"))
	if err != nil {
		t.Fatal(err)
	}
	for figures, want := range map[string]string{
		"Engine 333000 events/cpu-s\nDecode 2000000 events/cpu-s":                             "",
		"Engine 251000 events/cpu-s\nDecode 1510000 events/cpu-s":                             "",
		"Engine 100000 events/cpu-s\nEngine 300000 events/cpu-s\nDecode 2000000 events/cpu-s": "",
		"Engine 249000 events/cpu-s\nDecode 2000000 events/cpu-s":                             "Engine: an event costs 4.02 ceilings, expected 3.00: 25 % slower",
		"Decode 2000000 events/cpu-s":                                                         `figure "Engine" is missing`,
		"Engine 0 events/cpu-s":                                                               `figure "Engine": "0" is not a speed`,
	} {
		var out strings.Builder
		err := guard(&out, strings.NewReader(ceilingFigures+figures), expected)
		if got := message(err); got != want {
			t.Errorf("%s\n%q, want %q", figures, got, want)
		}
	}
	if got := message(guard(&strings.Builder{}, strings.NewReader("Engine 1 events/cpu-s"), expected)); got != `figure "Ceiling/copy" is missing` {
		t.Error(got)
	}
}

func TestMalformedExpectedFileIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"Engine 3 4":         `line 1: "Engine 3 4" is not a name and a number`,
		"#\nEngine x":        `line 2: "x" is not a cost`,
		"Engine 0":           `line 1: "0" is not a cost`,
		"Engine 1\nEngine 2": `line 2: "Engine" is listed twice`,
	} {
		if _, err := readPrices(strings.NewReader(text)); message(err) != want {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
