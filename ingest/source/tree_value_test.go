package source_test

import (
	"slices"
	"testing"
)

// What is there in another shape than the mapping says is refused with its name, and not an unknown number of trucks.
func TestValueOfAnotherShapeIsRefused(t *testing.T) {
	const (
		seven = "01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown"
		none  = "01T00:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown"
		end   = " and not a value; name the path of what is in it"
	)
	for trucks, want := range map[string]string{
		`7`:           seven,
		`"7"`:         seven,
		`null`:        none,
		`""`:          none,
		`[5]`:         "line 1: trucks: is a list" + end,
		`[]`:          "line 1: trucks: is a list" + end,
		`{"a":5}`:     "line 1: trucks: is an object" + end,
		`{}`:          "line 1: trucks: is an object" + end,
		`[{"a":[7]}]`: "line 1: trucks: is a list" + end,
	} {
		lines, sum := tally(t, `{"place":"PL-18-MEDYKA","time":"2026-07-01T00:00:00Z","more":[1],"trucks":`+trucks+"}\n"+
			`{"place":"PL-18-MEDYKA","time":"2026-07-01T01:00:00Z","trucks":1}`, treeCounts)
		wantSum := "2 lines: 2 readings, 0 refused"
		if want != seven && want != none {
			wantSum = "2 lines: 1 reading, 1 refused (1 invalid_field)"
		}
		if !slices.Equal(lines, []string{want, "01T01:00 PL-18-MEDYKA queue.observed vehicles=1 wait=unknown age=unknown"}) || sum != wantSum {
			t.Errorf("%s: got %q, %s", trucks, lines, sum)
		}
	}
	for trucks, want := range map[string]string{
		`<trucks>7</trucks>`:             seven,
		`<trucks nil="true"/>`:           none,
		`<trucks/>`:                      none,
		`<trucks> <a>7</a> </trucks>`:    "element 1: trucks: is an element with others" + end,
		`<trucks><a><b/></a></trucks>`:   "element 1: trucks: is an element with others" + end,
		`<trucks><!-- all -->7</trucks>`: seven,
	} {
		lines, _ := tally(t, `<r><p><place>PL-18-MEDYKA</place><time>2026-07-01T00:00:00Z</time>`+trucks+
			`</p><p><place>PL-18-MEDYKA</place><time>2026-07-01T01:00:00Z</time><trucks>1</trucks></p></r>`, "path: r.p\n"+treeCounts)
		if !slices.Equal(lines, []string{want, "01T01:00 PL-18-MEDYKA queue.observed vehicles=1 wait=unknown age=unknown"}) {
			t.Errorf("%s: got %q", trucks, lines)
		}
	}
}
