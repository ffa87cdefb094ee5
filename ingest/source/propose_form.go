package source

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// table is what a proposal rests on: names of columns, and the values of the first records.
type table struct {
	header []string
	rows   [][]string
	skip   int // lines or rows above the header
	sheet  bool
	nested bool        // JSON or XML
	plain  bool        // JSON, whose numbers have points before fractions
	clocks map[int]int // cells of each column that are shown as h:mm
	found  []string    // lines of YAML that say how to read the file
}

func (t *table) line(format string, args ...any) {
	t.found = append(t.found, fmt.Sprintf(format, args...))
}

// maxHeadRows bounds the records that are looked at for those that can be read.
const maxHeadRows = 2000

// take takes the first records.
func (t *table) take(r records) {
	t.clocks = map[int]int{}
	for n := 0; n < maxHeadRows && len(t.rows) < maxProposedLines; n++ {
		_, values, err := r.next()
		var bad *LineError
		if errors.As(err, &bad) {
			continue
		}
		if err != nil {
			return
		}
		t.rows = append(t.rows, slices.Clone(values))
		if row, ok := r.(*sheetRows); ok {
			for i, form := range row.forms[:len(values)] {
				if form == clockForm || form == elapsedForm {
					t.clocks[i]++
				}
			}
		}
	}
}

// maxTriedSheets bounds the sheets that are looked at.
const maxTriedSheets = 10

// ofSheet takes the sheet that has the largest table.
func (t *table) ofSheet(f *sheetFile) error {
	sheets := f.book.sheets
	var best Mapping
	largest := -1
	for i, name := range sheets[:min(len(sheets), maxTriedSheets)] {
		if f.book.hidden[i] && i != f.book.first() {
			continue
		}
		skip, size := belowTitle(func(skip int) ([]string, int) {
			var below table
			r, header, err := f.open(&Mapping{sheet: name, skip: skip})
			if err == nil {
				below.take(r)
			}
			return header, len(below.rows)
		})
		if size > largest {
			best, largest = Mapping{sheet: name, skip: skip}, size
		}
	}
	r, header, err := f.open(&best)
	if err != nil {
		return err
	}
	t.header, t.sheet = header, true
	if len(sheets) > 1 {
		t.line("sheet: %s # of %s", quoted(best.sheet), strings.Join(sheets, ", "))
	}
	if t.skip = best.skip; best.skip > 0 {
		t.line("skip: %d # rows of a title above the header", best.skip)
	}
	t.take(r)
	return nil
}

// ofTrees takes the records of JSON or XML, with those of the list in each that has the most values.
func (t *table) ofTrees(f *treeFile) error {
	if err := f.cloudEvents(); err != nil {
		return err
	}
	path := f.guessPath()
	if path == nil && f.xml {
		return errors.New("XML: no element repeats, so there is no list of records; name the path of one")
	}
	if len(path) > 0 {
		t.line("path: %s", quoted(strings.Join(path, ".")))
	}
	found, err := f.paths(path)
	if err != nil {
		return err
	}
	if f.xml {
		found = f.repeated(path, found)
	}
	of := map[string]int{} // paths in each list
	list := ""
	for _, name := range found {
		if at := strings.LastIndex(name, "[]"); at >= 0 {
			in := name[:at+2]
			if of[in]++; of[in] > of[list] {
				list = in
			}
		}
	}
	for _, name := range found {
		if at := strings.LastIndex(name, "[]"); at < 0 || strings.HasPrefix(list, name[:at+2]) {
			t.header = append(t.header, name)
		}
	}
	r, err := newTreeRecords(f.trees(bufio.NewReaderSize(bytes.NewReader(f.head), maxLine), path), t.header)
	if err != nil {
		return err
	}
	t.nested, t.plain = true, !f.xml
	t.take(r)
	return nil
}

// cloudEvents is an error if the records are CloudEvents, which need no mapping unless they are of other types.
func (f *treeFile) cloudEvents() error {
	found, err := f.paths(nil)
	if err != nil || f.xml {
		return nil // the path of the records is found elsewhere
	}
	for _, name := range []string{"specversion", "id", "source", "type"} {
		if !slices.Contains(found, name) {
			return nil
		}
	}
	types := table{header: []string{"type"}}
	r, err := newTreeRecords(f.trees(bufio.NewReaderSize(bytes.NewReader(f.head), maxLine), nil), types.header)
	if err != nil {
		return err
	}
	types.take(r)
	if !slices.ContainsFunc(types.rows, func(row []string) bool { return strings.HasPrefix(row[0], "dwell.") }) && len(types.rows) > 0 {
		return fmt.Errorf("these are CloudEvents of other types, such as %q; a mapping of events (ingest/README.md) says what they mean: dwell import events --map MAPPING FILE", short(types.rows[0][0]))
	}
	return errors.New("these are CloudEvents, and need no mapping: dwell import events FILE")
}

// repeated marks the lists in the paths of elements: those that repeat within a record.
func (f *treeFile) repeated(path, found []string) []string {
	lists := map[string]bool{}
	records := f.trees(bufio.NewReader(bytes.NewReader(f.head)), path)
	for range maxHeadRecords {
		_, t, err := records.next()
		if err != nil {
			break
		}
		t.repeats("", lists)
	}
	for i, name := range found {
		parts := strings.Split(name, ".")
		for k := range parts {
			if lists[strings.Join(strings.Split(name, ".")[:k+1], ".")] {
				parts[k] += "[]"
			}
		}
		found[i] = strings.Join(parts, ".")
	}
	return found
}

func (t *tree) repeats(path string, lists map[string]bool) {
	for i := range t.kids {
		kid := &t.kids[i]
		of := strings.TrimPrefix(path+"."+kid.name, ".")
		if slices.ContainsFunc(t.kids[:i], func(other tree) bool { return other.name == kid.name }) {
			lists[of] = true
		}
		kid.repeats(of, lists)
	}
}

// guessPath finds the list of records: in JSON the first list of objects, in XML the outermost element that repeats. It is nil where none
// is needed or found.
func (f *treeFile) guessPath() []string {
	if f.xml {
		return guessElement(f.head)
	}
	j := newJSON(nil, f.head, nil)
	first, rest, _ := bytes.Cut(bytes.TrimSpace(f.head), []byte("\n"))
	if j.lines && len(bytes.TrimSpace(rest)) > 0 || len(first) == 0 || first[0] == '[' {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(f.head))
	path, _ := guessList(d, 0)
	return path
}

// guessList reads a value; found says that it is, or has at the path, a list of objects.
func guessList(d *json.Decoder, depth int) (path []string, found bool) {
	start, err := d.Token()
	if _, nested := start.(json.Delim); err != nil || !nested || depth > maxDepth {
		return nil, false
	}
	for first := true; d.More(); first = false {
		if start == json.Delim('[') {
			next, err := d.Token()
			if err != nil || next == json.Delim('{') && first {
				return nil, err == nil
			}
			if next == json.Delim('{') || next == json.Delim('[') {
				return nil, false
			}
			continue
		}
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		if path, found = guessList(d, depth+1); found {
			name, _ := key.(string)
			return append([]string{name}, path...), true
		}
	}
	_, _ = d.Token()
	return nil, false
}

func guessElement(head []byte) (best []string) {
	d := xml.NewDecoder(bytes.NewReader(head))
	d.CharsetReader = newXML(nil, nil, false).d.CharsetReader
	times := map[string]int{}
	var within []string
	for {
		token, err := d.Token()
		if err != nil {
			return best
		}
		switch v := token.(type) {
		case xml.StartElement:
			within = append(within, v.Name.Local)
			path := strings.Join(within, ".")
			if times[path]++; times[path] == 2 && (best == nil || len(within) < len(best)) {
				best = slices.Clone(within)
			}
		case xml.EndElement:
			within = within[:len(within)-1]
		}
		if len(within) > maxDepth {
			return best
		}
	}
}
