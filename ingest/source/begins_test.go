package source_test

import (
	"strings"
	"testing"

	"dwell/ingest/source"
)

// A damaged line is one dead letter, and a spreadsheet is a mistake.
func TestFileThatIsNotOfEventsIsKnownByItsFirstLines(t *testing.T) {
	const event = `{"specversion":"1.0"` + "\n"
	for text, want := range map[string]struct{ lines, mayBe bool }{
		"":                                   {true, true},
		"\n\n":                               {true, true},
		event:                                {true, true},
		"\uFEFF" + event:                     {true, true},
		"\n  " + event:                       {true, true},
		"half a line\n" + event:              {true, true},
		strings.Repeat("x\n", 4) + event:     {true, true},
		strings.Repeat("x\n", 5) + event:     {false, false},
		"plate,came\nLU 7,2026-07-01 08:00":  {false, false},
		strings.Repeat("x", 1<<20):           {false, false},
		"[\n" + event + "]":                  {true, true},
		"[\n1,\n2,\n3,\n4,\n5,\n" + event:    {false, true},
		"<events>\n<event/>\n</events>\n":    {false, false},
		strings.Repeat("\n", 9000) + "plate": {false, false},
	} {
		lines, err := source.BeginsWithEvents(strings.NewReader(text))
		if err != nil || lines != want.lines {
			t.Errorf("lines of %.40q may be events: %v, %v", text, lines, err)
		}
		if mayBe, err := source.MayBeEvents(strings.NewReader(text)); err != nil || mayBe != want.mayBe {
			t.Errorf("%.40q may be events: %v, %v", text, mayBe, err)
		}
	}
	if mayBe, err := source.MayBeEvents(strings.NewReader("PK\x03\x04 a workbook")); err == nil {
		t.Errorf("a workbook may be events: %v", mayBe)
	}
}
