package source_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dwell/ingest/source"
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

// Bytes of another encoding cost their object, as they cost their line of CSV.
func TestJSONThatIsNotUTF8IsRefused(t *testing.T) {
	const one = `{"place":"PL-18-MEDYKA","time":"2026-07-01T01:00:00Z","trucks":1}`
	bad := strings.Replace(one, "{", "{\"note\":\"\xff\xfe\",", 1)
	const reading, refused = "01T01:00 PL-18-MEDYKA queue.observed vehicles=1 wait=unknown age=unknown", " 2: JSON: it is not UTF-8; name the encoding in the mapping, such as encoding: windows-1251"
	lines, _ := tally(t, one+"\n"+bad+"\n", treeCounts)
	if !slices.Equal(lines, []string{reading, "line" + refused}) {
		t.Errorf("lines: got %q", lines)
	}
	lines, _ = tally(t, "["+one+","+bad+"]", treeCounts)
	if !slices.Equal(lines, []string{reading, "object" + refused}) {
		t.Errorf("a list: got %q", lines)
	}
}

// What follows the end of a document is not lost without a word.
func TestXMLBehindItsRootIsAnError(t *testing.T) {
	const one = "<p><place>PL-18-MEDYKA</place><time>2026-07-01T01:00:00Z</time><trucks>1</trucks></p>"
	const end = " is outside of the one element that has all others; the rest is not read"
	for behind, want := range map[string]string{
		"\n<!-- end -->\n":   "",
		"garbage":            `readings: XML: behind element 1: "garbage"` + end,
		"<r>" + one + "</r>": `readings: XML: behind element 1: "<r>"` + end,
		"<p/>":               `readings: XML: behind element 1: "<p>"` + end,
	} {
		want := slices.DeleteFunc([]string{"01T01:00 PL-18-MEDYKA queue.observed vehicles=1 wait=unknown age=unknown", want}, func(s string) bool { return s == "" })
		if lines, _ := tally(t, "<r>\n"+one+"\n</r>"+behind, "path: r.p\n"+treeCounts); !slices.Equal(lines, want) {
			t.Errorf("%q: got %q", behind, lines)
		}
	}
}

// A service renames a value, and its lists are long: what a record far behind the first ones has is not missing.
func TestNamesThatNoRecordHas(t *testing.T) {
	const m = "source: /x\nbcp: PL-18-MEDYKA\nwait_unit: 1m\ncolumns: {time: at, vehicles: \"lanes[].trucks\", wait: \"lanes[].wait\", lanes_open: \"/open\", state: \"lanes[].state\"}\npath: ports\n"
	var ports []string
	for i := range 500 {
		ports = append(ports, fmt.Sprintf(`{"at": "2026-07-01T00:%02d:%02dZ", "lanes": [{"trucks": 1}]}`, i/60, i%60))
	}
	ports = append(ports, `{"at": "2026-07-01T01:00:00Z", "lanes": [{"trucks": 2, "State": null}]}`)
	file := `{"ports": [` + strings.Join(ports, ",") + `]}`
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{mapping(t, m)}, vocabulary(t), zoneOf, today)
	if err != nil {
		t.Fatal(err)
	}
	same(t, r.Absent(), []string{"lanes[].wait", "/open", "lanes[].state"})
	for _, err := range r.Lines() {
		if err != nil {
			t.Error(err)
		}
	}
	same(t, r.Absent(), []string{"lanes[].wait", "/open"})
}

// A report says when it was made in the attributes of its root, and the place in those of the element around the queues. What one place does
// not say is not that of the place before it.
func TestAttributesAroundARecord(t *testing.T) {
	const m = `
source: /x
path: r.p.q
columns: {bcp: "/R.P.@id", time: "/r.@issued", queue: "@k", vehicles: n, state: /r.p.state, direction: "/r.p.way.@to"}
words: {outbound: [east]}
`
	const file = `<r xmlns:a="urn:a" xmlns="urn:b" issued="2026-07-01T00:00:00Z"><a:p id="PL-18-MEDYKA"><state>paused</state><way to="east"/>
<a:q k="trucks"><a:n>4</a:n></a:q><state>open</state><q k="buses"/></a:p><P id="PL-06-ZOSIN"><q k="trucks"><n>7</n></q></P><p><q k="trucks"><n>9</n></q></p><p id="PL-06-ZOSIN"><way/><q k="cars"/></p></r>`
	got, sum := tally(t, file, m)
	same(t, got, []string{
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=4 wait=unknown age=unknown direction=outbound queue=trucks state=paused",
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown direction=outbound queue=buses state=open",
		"01T00:00 PL-06-ZOSIN queue.observed vehicles=7 wait=unknown age=unknown queue=trucks",
		"element 4: /R.P.@id is empty",
		"01T00:00 PL-06-ZOSIN queue.observed vehicles=unknown wait=unknown age=unknown queue=cars",
	})
	if sum != "5 elements: 4 readings, 1 refused (1 missing_field)" {
		t.Error(sum)
	}
	text, err := source.Propose(strings.NewReader(file), "/mine", func(string) (string, bool) { return "", false })
	if err != nil || !strings.Contains(string(text), `time: "/r.@issued"`) {
		t.Errorf("%v\n%s", err, text)
	}
}

// A service writes the time of its document behind the records. That is said, where the name of another value looked like the one meant.
func TestValueBehindTheRecordsIsTooLate(t *testing.T) {
	const m = "source: /x\nbcp: PL-18-MEDYKA\ntime_zone: place\ncolumns: {time: /Meta.issued, vehicles: trucks}\n"
	const late = `the document has "/Meta.issued" behind its records, where it is too late: they are read before it`
	for file, want := range map[string]string{
		`{"ports": [{"trucks": 1, "name": "x"}], "meta": {"issued": "2026-07-01T00:00:00Z"}}`: `readings: mapping "m.yaml" does not fit the header "trucks,name": ` + late,
		`{"ports": [{"trucks": 1, "name": "x"}], "meta": {"made": "2026-07-01T00:00:00Z"}}`:   `readings: mapping "m.yaml" does not fit the header "trucks,name": column "/Meta.issued" is missing before the records`,
		`{"meta": {"issue": 1}, "ports": [{"trucks": 1, "issued": "x"}]}`:                     `readings: mapping "m.yaml" does not fit the header "trucks,issued,/meta.issue": column "/Meta.issued" is missing before the records (the nearest is "/meta.issue")`,
	} {
		got, _ := tally(t, file, "path: ports\n"+m)
		same(t, got, []string{want})
	}
	got, _ := tally(t, `<meta><ports><trucks>1</trucks></ports><ports><trucks>2</trucks></ports><issued>2026-07-01T00:00:00Z</issued></meta>`, "path: meta.ports\n"+m)
	same(t, got, []string{`readings: mapping "m.yaml" does not fit the header "trucks": ` + late})
}

// A port has lanes, and a lane has queues. The list that is empty is named.
func TestListWithoutAnElementIsNamed(t *testing.T) {
	const m = "source: /x\nbcp: PL-18-MEDYKA\ncolumns: {time: at, queue: \"lanes[].name\", vehicles: \"lanes[].queues[].trucks\"}\n"
	got, _ := tally(t, `{"at": "2026-07-01T00:00:00Z", "lanes": [{"name": "x", "queues": [{"trucks": 4}]}]}
{"at": "2026-07-01T01:00:00Z", "lanes": []}
{"at": "2026-07-01T02:00:00Z", "lanes": [{"name": "x", "queues": [{"trucks": 4}]}, {"name": "y", "queues": []}]}
{"at": "2026-07-01T03:00:00Z", "lanes": [{"name": "x", "queues": [{"trucks": 4}]}, {"name": "y"}]}
`, m)
	same(t, got, []string{
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=4 wait=unknown age=unknown queue=x",
		"line 2: the list lanes[] has no element",
		"line 3: the list lanes[].queues[] has no element",
		"line 4: the list lanes[].queues[] has no element",
	})
}
