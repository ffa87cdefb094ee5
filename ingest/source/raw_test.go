package source_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"dwell/ingest/source"
)

// A refused record is a dead letter with its bytes, whatever the form of its file.
func TestRefusalHasTheBytesOfItsRecord(t *testing.T) {
	sheet := string(workbook(t, [][]any{{"place", "time", "trucks"}, {"PL-18-MEDYKA", "then", 7}, {"PL-18-MEDYKA", "then", 7, 8}}))
	for name, c := range map[string]struct {
		file, mapping string
		want          map[int]string
	}{
		"lines": {`{"place":"PL-18-MEDYKA","time":"then","trucks":7}` + "\n {\"x\": \r\n", treeCounts, map[int]string{1: `{"place":"PL-18-MEDYKA","time":"then","trucks":7}`, 2: `{"x":`}},
		"a list": {
			`[{"place":"PL-18-MEDYKA","time":"then","trucks":7}, {"place": NaN} ]`, treeCounts,
			map[int]string{1: `{"place":"PL-18-MEDYKA","time":"then","trucks":7}`, 2: `{"place": NaN}`},
		},
		"elements": {
			"<r>\n<x>1</x>\n<p a='1'>\n<place>PL-18-MEDYKA</place><time>then</time><trucks>7</trucks></p>\n<p/></r>", "path: r.p\n" + treeCounts,
			map[int]string{1: "<p a='1'>\n<place>PL-18-MEDYKA</place><time>then</time><trucks>7</trucks></p>", 2: "<p/>"},
		},
		"rows": {sheet, "sheet: Queue\n" + treeCounts, map[int]string{2: "PL-18-MEDYKA\tthen\t7", 3: "PL-18-MEDYKA\tthen\t7\t8"}},
	} {
		r, err := source.NewReader(strings.NewReader(c.file), []source.Mapping{mapping(t, c.mapping)}, vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := map[int]string{}
		for _, err := range r.Lines() {
			var bad *source.LineError
			if errors.As(err, &bad) {
				got[bad.Line] = string(bad.Bytes)
			}
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
