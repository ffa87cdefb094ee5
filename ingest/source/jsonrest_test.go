package source_test

import (
	"slices"
	"strings"
	"testing"
)

// A service appends a document at each poll, writes its list twice, or is cut off behind it. Nothing that follows the first list is lost in
// silence.
func TestDocumentWithAPathIsReadToItsEnd(t *testing.T) {
	m := "source: /x\npath: data.queues\ncolumns: {bcp: place, time: /at, vehicles: trucks}\n"
	list := func(trucks string) string { return `"queues":[{"place":"PL-18-MEDYKA","trucks":` + trucks + `}]` }
	document := func(hour, trucks string) string {
		return `{"at":"2026-07-01T` + hour + `:00:00Z","data":{` + list(trucks) + `},"next":null}`
	}
	line := func(hour, trucks string) string {
		return "01T" + hour + ":00 PL-18-MEDYKA queue.observed vehicles=" + trucks + " wait=unknown age=unknown"
	}
	first, one := line("00", "7"), "1 object: 1 reading, 0 refused"
	at := `{"at":"2026-07-01T00:00:00Z","data":{`
	for name, c := range map[string]struct {
		file  string
		want  []string
		tally string
	}{
		"a document a line": {document("00", "7") + "\n" + document("01", "8") + "\r\n\n" + document("02", "9") + "\n", []string{first, line("01", "8"), line("02", "9")}, "3 objects: 3 readings, 0 refused"},
		"one without a time": {
			document("00", "7") + "\n{\"data\":{" + list("8") + "}}\n" + document("02", "9"),
			[]string{first, "object 2: /at is empty", line("02", "9")},
			"3 objects: 2 readings, 1 refused (1 missing_field)",
		},
		"one object in each": {
			strings.ReplaceAll(strings.ReplaceAll(document("00", "7")+document("01", "8"), "[", ""), "]", ""), []string{first, line("01", "8")}, "2 objects: 2 readings, 0 refused",
		},
		"an empty list, then a list": {
			document("00", "7") + `{"data":{"queues":[]}}` + document("02", "9"), []string{first, line("02", "9")}, "2 objects: 2 readings, 0 refused",
		},
		"values behind the list": {at + list("7") + `,"count":1,"more":{"queues":[{}],"x":"]}"},"queues":null},"n":[{}],"z":-1}` + "\n", []string{first}, one},
		"two lists":              {at + list("7") + `,"Queues":[{}]}}`, []string{first, `readings: behind object 1: JSON: path: "data.Queues" is there twice; the rest is not read`}, one},
		"two that lead to lists": {at + list("7") + `},"data":{` + list("8") + "}}", []string{first, `readings: behind object 1: JSON: path: "data" is there twice; the rest is not read`}, one},
		"another document": {
			document("00", "7") + `{"error":"too many requests"}`,
			[]string{first, `readings: behind object 1: JSON: path: "data" is missing (the nearest is "error")`},
			one,
		},
		"text behind the list":         {at + list("7") + ` garbage}}`, []string{first, `readings: behind object 1: JSON: "garbage" is no name of a member`}, one},
		"a bracket too many":           {at + list("7") + "]}}", []string{first, `readings: behind object 1: JSON: ']' is there instead of a value`}, one},
		"text behind the document":     {document("00", "7") + " garbage", []string{first, `readings: behind object 1: JSON: 'g' follows the end of the document; the rest is not read`}, one},
		"cut off behind the list":      {at + list("7"), []string{first, `readings: behind object 1: JSON: the file ends within the document; it was cut off`}, one},
		"cut off in a value behind it": {at + list("7") + `},"next":{"x":`, []string{first, `readings: behind object 1: JSON: the file ends within the document; it was cut off`}, one},
		"cut off before the next list": {document("00", "7") + `{"at":`, []string{first, `readings: behind object 1: JSON: the file ends within the document; it was cut off`}, one},
	} {
		got, sum := tally(t, c.file, m)
		if !slices.Equal(got, c.want) || sum != c.tally {
			t.Errorf("%s:\n got %s\nwant %s\n%s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "), sum)
		}
	}
}
