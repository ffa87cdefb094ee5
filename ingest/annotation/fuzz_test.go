package annotation

import "testing"

// Whatever a file has, what became of its rows adds up, and the same file again changes nothing.
func FuzzFile(f *testing.F) {
	f.Add(true, holidays)
	f.Add(true, "id,kind,from,text\nx,holiday,2026-03-21,a\nx,holiday,2026-03-21,b\n")
	f.Add(true, "text,kind,from\n\"a\nb\",closure,2026-03-21T08:00:00.0001Z\n")
	f.Add(false, "annotations: [{id: 1, kind: closure, from: 2026-03-21, text: 5}, {}]")
	places, noon := border(f, medyka), utc("2026-05-01T12:00:00Z")
	f.Fuzz(func(t *testing.T, asCSV bool, text string) {
		rows, err := ReadFile(map[bool]string{true: "a.csv", false: "a.yaml"}[asCSV], []byte(text))
		if err != nil {
			return
		}
		first := EnterAll(rows, nil, places, "Ahmad", noon)
		n := first.Counts
		if sum := n[Added] + n[Changed] + n[Known] + n[Refused]; sum != len(rows) || n[Refused] != len(first.Refusals) || n[Added]+n[Changed] != len(first.Versions) {
			t.Errorf("%v of %d rows, %d versions, %d refusals", n, len(rows), len(first.Versions), len(first.Refusals))
		}
		again := EnterAll(rows, first.Versions, places, "Ahmad", noon)
		if len(again.Versions) > 0 || again.Counts[Refused] != n[Refused] {
			t.Errorf("the same file again: %v after %v", again.Counts, n)
		}
	})
}
