package source_test

import (
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"dwell/ingest/source"
)

const treeCounts = "source: /x\ncolumns: {bcp: place, time: time, vehicles: trucks}\n"

func tally(t *testing.T, file, m string) (lines []string, sum string) {
	t.Helper()
	r, err := source.NewReader(strings.NewReader(file), []source.Mapping{mapping(t, m)}, vocabulary(t), zoneOf, today)
	if err != nil {
		return []string{err.Error()}, ""
	}
	lines = described(t, r)
	addUp(t, r.Tally(), r.Tally().Lines)
	return lines, r.Tally().String()
}

// A web service publishes JSON in the shape that its programmer liked; every object is a reading or has a reason.
func TestJSONAsServicesPublishIt(t *testing.T) {
	medyka := func(hour string, figures string) string {
		return `{"time":"2026-07-01T` + hour + `:00:00Z","place":"PL-18-MEDYKA",` + figures + `}`
	}
	nested := `source: /x
path: data.ports
columns: {bcp: id, time: /meta.updated, vehicles: queue.trucks.count, wait: queue.wait}
wait_unit: 1m
`
	lanes := `source: /x
columns: {bcp: place, time: time, queue: "lanes[].name", wait: "lanes[].wait", state: "lanes[].state"}
wait_unit: 1m
`
	for name, c := range map[string]struct {
		file, mapping string
		want          []string
		tally         string
	}{
		"lines": {
			medyka("00", `"trucks":7`) + "\n\n" + medyka("01", `"trucks":1.2e3,"more":{"x":[1,2]}`) + "\r\n" + medyka("02", `"trucks":null`) + "\n" +
				medyka("03", `"trucks":01`) + "\n" + `{"time":` + "\n" + "[1]\nnull\n" + medyka("04", `"trucks":7.0,"trucks":8`) + "\n" + medyka("05", `"trucks":"9"`),
			treeCounts,
			[]string{
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown",
				"01T01:00 PL-18-MEDYKA queue.observed vehicles=1200 wait=unknown age=unknown",
				"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown",
				"line 5: JSON: invalid character '1' after object key:value pair",
				"line 6: JSON: it ends within a value",
				`line 7: "[1]" is no object of JSON`,
				`line 8: "null" is no object of JSON`,
				"line 9: trucks is there twice",
				"01T05:00 PL-18-MEDYKA queue.observed vehicles=9 wait=unknown age=unknown",
			},
			"9 lines: 4 readings, 5 refused (5 unreadable_line); 1 empty or comment line",
		},
		"a list": {
			"[" + medyka("00", `"trucks":7`) + ",\n" + medyka("01", `"trucks":NaN`) + ",{}," + medyka("02", `"trucks":8`) + "]\n",
			treeCounts,
			[]string{
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown",
				"object 2: JSON: invalid character 'N' looking for beginning of value",
				"object 3: place is empty",
				"01T02:00 PL-18-MEDYKA queue.observed vehicles=8 wait=unknown age=unknown",
			},
			"4 objects: 2 readings, 2 refused (1 missing_field, 1 unreadable_line)",
		},
		"one object of many lines": {
			"{\n  \"time\": \"2026-07-01T00:00:00Z\",\n  \"place\": \"PL-18-MEDYKA\",\n  \"trucks\": 7\n}\n",
			treeCounts,
			[]string{"01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown"},
			"1 object: 1 reading, 0 refused",
		},
		"a path, nested values, and the time outside of the list": {
			`{"meta":{"updated":"2026-07-01T00:00:00Z","n":2},"data":{"notes":["a"],"Ports":[{"id":"PL-18-MEDYKA","queue":{"trucks":{"count":7},"wait":12.5}},{"id":"PL-06-ZOSIN","queue":null}]},"after":1}`,
			nested,
			[]string{
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=750 age=unknown",
				"01T00:00 PL-06-ZOSIN queue.observed vehicles=unknown wait=unknown age=unknown",
			},
			"2 objects: 2 readings, 0 refused",
		},
		"lanes of a place": {
			medyka("00", `"lanes":[{"name":"standard","wait":5,"state":"open"},{"name":"FAST","state":"Closed"}]`) + "\n" +
				medyka("01", `"lanes":[]`) + "\n" + medyka("02", `"lanes":{"name":"standard","wait":6}`) + "\n" + medyka("03", `"x":1`),
			lanes,
			[]string{
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=300 age=unknown queue=standard state=open",
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown queue=FAST state=closed",
				"line 2: the list lanes[] has no element",
				"01T02:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=360 age=unknown queue=standard",
				"line 4: the list lanes[] has no element",
			},
			"5 lines: 3 readings, 2 refused (2 unreadable_line)",
		},
		"cut off": {
			"[" + medyka("00", `"trucks":7`) + "," + `{"time":"2026`, treeCounts,
			[]string{
				"01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown",
				"readings: JSON: the file ends in object 2; it was cut off",
			},
			"1 object: 1 reading, 0 refused",
		},
		"no comma":        {"[" + medyka("00", `"trucks":7`) + " " + medyka("01", `"trucks":7`) + "]", treeCounts, []string{"01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown", `readings: JSON: behind object 1 is '{' instead of a comma or the end of the list; the rest is not read`}, "1 object: 1 reading, 0 refused"},
		"two lists":       {"[" + medyka("00", `"trucks":7`) + "][]", treeCounts, []string{"01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown", `readings: JSON: '[' follows the end of the list; the rest is not read`}, "1 object: 1 reading, 0 refused"},
		"another path":    {`{"data":{"port":[]}}`, nested, []string{`readings: mapping "m.yaml": JSON: path: "data.ports" is missing (the nearest is "port")`}, ""},
		"a path to text":  {`{"data":{"ports":7}}`, nested, []string{`readings: mapping "m.yaml": JSON: path "data.ports" leads to '7' and not to a list or an object`}, ""},
		"another name":    {medyka("00", `"truks":7`), treeCounts, []string{`readings: mapping "m.yaml" does not fit the header "time,place,truks": column "trucks" is missing (the nearest is "truks")`}, ""},
		"not JSON at all": {"{this is no JSON}", treeCounts, []string{`readings: mapping "m.yaml": JSON: invalid character 't'`}, ""},
	} {
		got, sum := tally(t, c.file, c.mapping)
		if !slices.Equal(got, c.want) || sum != c.tally {
			t.Errorf("%s:\n got %s\nwant %s\n%s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "), sum)
		}
	}
}

// An agency publishes XML.
func TestXMLAsAgenciesPublishIt(t *testing.T) {
	m := `source: /x
path: report.port
columns: {bcp: "@id", time: /report.updated, queue: "lane[].name", wait: "lane[].wait"}
wait_unit: 1m
`
	head := "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report><updated>2026-07-01T00:00:00Z</updated>"
	port := `<port id="PL-18-MEDYKA"><lane><name>standard</name><wait>5</wait></lane><lane><name>F&amp;ST</name><wait/></lane></port>`
	read := []string{
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=300 age=unknown queue=standard",
		"01T00:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown queue=F&ST",
	}
	for name, c := range map[string]struct {
		file  string
		want  []string
		tally string
	}{
		"lanes": {head + port + "<!-- end --></report>", read, "2 elements: 2 readings, 0 refused"},
		"one lane, or none": {
			head + `<port id="PL-18-MEDYKA"><lane><name>standard</name><wait>5</wait></lane></port><port id="PL-06-ZOSIN"/></report>`,
			[]string{read[0], "element 2: the list lane[] has no element"},
			"2 elements: 1 reading, 1 refused (1 unreadable_line)",
		},
		"cut off":      {head + port + "<port><lane>", append(slices.Clone(read), "readings: XML: behind element 1: XML syntax error on line 2: unexpected EOF"), "2 elements: 2 readings, 0 refused"},
		"another path": {head + "</report>", []string{`readings: mapping "m.yaml": XML: no element has the path "report.port"`}, ""},
		"a billion laughs": {
			`<!DOCTYPE report [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]>` + head + port + "</report>",
			[]string{`readings: mapping "m.yaml": XML: it has a document type, which may define entities; remove the line <!DOCTYPE ...>`},
			"",
		},
	} {
		got, sum := tally(t, c.file, m)
		if !slices.Equal(got, c.want) || sum != c.tally {
			t.Errorf("%s:\n got %s\nwant %s\n%s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "), sum)
		}
	}
}

// A small packed file may hold anything of any size: it is refused with a name, and takes no more memory than another.
func TestHostileDocumentsTakeNoMemory(t *testing.T) {
	const size = 4 << 20
	good := `{"time":"2026-07-01T00:00:00Z","place":"PL-18-MEDYKA","trucks":7}`
	read := "01T00:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown"
	element := "<port><time>2026-07-01T00:00:00Z</time><place>PL-18-MEDYKA</place><trucks>7</trucks></port>"
	many := func(text string) io.Reader { return io.LimitReader(&endless{text: text}, size) }
	files := func(parts ...any) io.Reader {
		var all []io.Reader
		for _, p := range parts {
			if s, ok := p.(string); ok {
				p = strings.NewReader(s)
			}
			all = append(all, p.(io.Reader))
		}
		return io.MultiReader(all...)
	}
	list := "source: /x\npath: r.port\ncolumns: {bcp: place, time: time, vehicles: trucks}\n"
	for name, c := range map[string]struct {
		file    io.Reader
		mapping string
		want    []string
	}{
		"a text without an end": {files("["+good+`,{"a":"`, many("x"), `"},`+good+"]"), treeCounts, []string{read, "object 2: it has more than 1048576 bytes"}},
		"a line without an end": {files(good+"\n"+`{"a":"`, many("x"), "\"}\n"+good), treeCounts, []string{read, "line 2: it has more than 1048576 bytes"}},
		"brackets in brackets":  {files("["+good+",", many("["), many("]"), ","+good+"]"), treeCounts, []string{read, "object 2: it has more than 1048576 bytes"}},
		"depth":                 {files("[" + good + "," + `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}," + good + "]"), treeCounts, []string{read, "object 2: JSON: values lie deeper than 32"}},
		"a list of nothing":     {files("["+good+`,{"a":[`+strings.Repeat("0,", 400_000), `0]},`+good+"]"), treeCounts, []string{read, "object 2: JSON: it has more than 100000 values"}},
		"before the list":       {files(`{"r":{"x":"`, many("x"), `","port":[`+good+"]}}"), list, []string{`readings: mapping "m.yaml": no object begins within the first 262144 bytes`}},
		"blanks":                {files("[", many(" "), good+"]"), treeCounts, []string{`readings: mapping "m.yaml": no object begins within the first 262144 bytes`}},
		"an element without an end": {
			files("<r>"+element+"<port>", many("x"), "</port>"+element+"</r>"), list, []string{read, "readings: XML: what follows element 1 has more than 1048576 bytes; the rest is not read"},
		},
		"elements in elements": {files("<r>"+element+"<port>", many("<a>"), "</port></r>"), list, []string{read, "readings: XML: behind element 1: elements lie deeper than 32"}},
		"a comment":            {files("<r>"+element+"<!--", many("x"), "--></r>"), list, []string{read, "readings: XML: what follows element 1 has more than 1048576 bytes; the rest is not read"}},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var got []string
		r, err := source.NewReader(c.file, []source.Mapping{mapping(t, c.mapping)}, vocabulary(t), zoneOf, today)
		if err != nil {
			got = append(got, err.Error())
		} else {
			got = described(t, r)
		}
		runtime.ReadMemStats(&after)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 {
			t.Errorf("%s: %d MiB were allocated", name, took>>20)
		}
	}
}

// endless is a text that repeats.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.at%len(e.text)]
		e.at++
	}
	return len(p), nil
}

// FuzzTrees checks that any JSON or XML ends, and that its sum is right.
func FuzzTrees(f *testing.F) {
	for _, s := range []string{
		`[{"time":"2026-07-01T00:00:00Z","place":"PL-18-MEDYKA","trucks":7,"lanes":[{"n":1},{"n":2}]}]`, `{"r":{"port":[{"place":"x"}],"at":1}}`, "{}\n{\"a\":1}\n",
		"<r><at>2026-07-01T00:00:00Z</at><port><place>PL-18-MEDYKA</place><trucks>1</trucks><lanes><n>1</n></lanes></port></r>",
	} {
		for i := range 4 {
			f.Add([]byte(s), i)
		}
	}
	v := vocabulary(f)
	mappings := []string{treeCounts, "source: /x\npath: r.port\ncolumns: {bcp: place, time: /r.at, vehicles: trucks}\n", "source: /x\npath: r.port\ncolumns: {bcp: place, time: time, queue: \"lanes[].n\", vehicles: trucks}\n", "source: /x\ncolumns: {bcp: place, time: time, queue: \"lanes[].n\", vehicles: trucks}\n"}
	f.Fuzz(func(t *testing.T, data []byte, which int) {
		r, err := source.NewReader(strings.NewReader(string(data)), []source.Mapping{mapping(t, mappings[uint(which)%4])}, v, zoneOf, today)
		if err != nil {
			return
		}
		for _, err := range r.Events() {
			if err != nil && err.Error() == "" {
				t.Fatal("a record is refused without a reason")
			}
		}
		addUp(t, r.Tally(), r.Tally().Lines)
	})
}
