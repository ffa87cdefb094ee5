package tabular

import (
	"encoding/csv"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type answer struct {
	ID    string `json:"id" table:"column"`
	Note  string `json:"note"`
	Scope `table:"column"`
	Rows  []*row `json:"rows" table:"rows"`
}

type Scope struct {
	Direction string `json:"direction,omitempty"`
}

type row struct {
	At    time.Time         `json:"at"`
	Names map[string]string `json:"names"`
	Size
	Open   *open             `json:"open"`
	Counts map[string]*int64 `json:",inline"`
	List   []int             `json:"list"`
	Reason string            `json:"reason,omitempty"`
	Hidden int               `json:"-"`
}

type Size struct {
	Trucks *int64   `json:"trucks"`
	Mean   *float64 `json:"mean_seconds"`
}

type open struct {
	Holder string `json:"holder"`
	Share  struct {
		Of *float64 `json:"of"`
	} `json:"share"`
}

func ptr[T any](v T) *T { return &v }

var example = &answer{ID: "=A", Note: "left out", Scope: Scope{Direction: "inbound"}, Rows: []*row{
	{
		At: time.Date(2026, 1, 5, 8, 0, 0, 500_000_000, time.UTC), Names: map[string]string{"en": "Gate, north", "fa": "دروازه"},
		Size: Size{Trucks: ptr(int64(0)), Mean: ptr(-1.5)}, Open: &open{Holder: "-customs\n"}, Counts: map[string]*int64{"left": nil, "arrivals": ptr(int64(4))},
		List: []int{1, 2}, Reason: "stale",
	},
	{Names: map[string]string{"ps": "+x"}, List: []int{}},
}}

const columns = "id,direction,at,names.en,names.fa,names.ps,trucks,mean_seconds,open.holder,open.share.of,arrivals,left,list,reason"

func write(t *testing.T, of any) (inCSV, inNDJSON string) {
	t.Helper()
	table, err := Of(of)
	if err != nil {
		t.Fatal(err)
	}
	var a, b strings.Builder
	if err := table.CSV(&a); err != nil {
		t.Fatal(err)
	}
	if err := table.NDJSON(&b); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String()
}

// Zero is zero and what is not known is empty or null. A text that a spreadsheet would compute is text.
func TestBothFormsHaveTheSameColumns(t *testing.T) {
	inCSV, inNDJSON := write(t, example)
	lines, err := csv.NewReader(strings.NewReader(inCSV)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		strings.Split(columns, ","),
		{"'=A", "inbound", "2026-01-05T08:00:00.5Z", "Gate, north", "دروازه", "", "0", "-1.5", "'-customs\n", "", "4", "", "[1,2]", "stale"},
		{"'=A", "inbound", "0001-01-01T00:00:00Z", "", "", "'+x", "", "", "", "", "", "", "[]", ""},
	}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("CSV is\n%q, want\n%q", lines, want)
	}
	const wantNDJSON = `{"id":"=A","direction":"inbound","at":"2026-01-05T08:00:00.5Z","names.en":"Gate, north","names.fa":"دروازه","names.ps":null,"trucks":0,"mean_seconds":-1.5,"open.holder":"-customs\n","open.share.of":null,"arrivals":4,"left":null,"list":[1,2],"reason":"stale"}
{"id":"=A","direction":"inbound","at":"0001-01-01T00:00:00Z","names.en":null,"names.fa":null,"names.ps":"+x","trucks":null,"mean_seconds":null,"open.holder":null,"open.share.of":null,"arrivals":null,"left":null,"list":[],"reason":null}
`
	if inNDJSON != wantNDJSON {
		t.Errorf("NDJSON is\n%s, want\n%s", inNDJSON, wantNDJSON)
	}
	for line := range strings.Lines(inNDJSON) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

func TestTableWithoutRowsHasItsColumns(t *testing.T) {
	inCSV, inNDJSON := write(t, answer{})
	if want := "id,direction,at,trucks,mean_seconds,open.holder,open.share.of,list,reason\n"; inCSV != want || inNDJSON != "" {
		t.Errorf("%q and %q", inCSV, inNDJSON)
	}
}

func TestAnswerWithoutAListIsNoTable(t *testing.T) {
	for _, a := range []any{row{}, &row{}, 7, nil, (*answer)(nil)} {
		if table, err := Of(a); err == nil {
			t.Errorf("%+v is a table with %q", a, table.Columns())
		}
	}
	if table, err := Of(example); err != nil || !slices.Equal(table.Columns(), strings.Split(columns, ",")) {
		t.Errorf("%v", err)
	}
}
