package annotation

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"dwell/ingest/place"
	"dwell/ingest/strictyaml"
)

// Row is an annotation of a file, and where it is in it.
type Row struct {
	Where string
	Fields
	err error
}

// maxFile is in bytes, as of a file in YAML.
const maxFile = 1 << 20

// columns are those of a CSV file, and the keys of one in YAML.
var columns = map[string]func(*Fields) *string{
	"id": func(f *Fields) *string { return &f.ID }, "kind": func(f *Fields) *string { return &f.Kind }, "place": func(f *Fields) *string { return &f.Place },
	"from": func(f *Fields) *string { return &f.From }, "until": func(f *Fields) *string { return &f.Until },
	"text": func(f *Fields) *string { return &f.Text }, "author": func(f *Fields) *string { return &f.Author },
}

// ReadFile reads the rows of a CSV file, or of a YAML file with a list under annotations, as its name says. A file that cannot be read to its end has none.
func ReadFile(name string, text []byte) ([]Row, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("it has %d bytes, more than %d; divide it into several", len(text), maxFile)
	}
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, ".csv"):
		return readCSV(text)
	case strings.HasSuffix(lower, ".yaml"), strings.HasSuffix(lower, ".yml"):
		var file struct {
			Annotations []Fields `yaml:"annotations"`
		}
		if err := strictyaml.Unmarshal(text, &file); err != nil {
			return nil, err
		}
		rows := make([]Row, len(file.Annotations))
		for i, f := range file.Annotations {
			rows[i] = Row{Where: fmt.Sprintf("annotation %d", i+1), Fields: f}
		}
		return rows, nil
	}
	return nil, fmt.Errorf("%q is neither a CSV file nor a YAML file; let its name end in .csv or .yaml", name)
}

func readCSV(text []byte) (rows []Row, err error) {
	all := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	header, err := all.Read()
	if err != nil {
		return nil, fmt.Errorf("the first line is not that of the columns: %w", err)
	}
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
		if columns[header[i]] == nil || slices.Contains(header[:i], header[i]) {
			return nil, fmt.Errorf("column %q is not supported, or there twice; use each of %s once at most, with commas between them", name, strings.Join(slices.Sorted(maps.Keys(columns)), ", "))
		}
	}
	for _, name := range []string{"kind", "from", "text"} {
		if !slices.Contains(header, name) {
			return nil, fmt.Errorf("column %q is missing", name)
		}
	}
	for {
		cells, err := all.Read()
		if len(cells) == 0 {
			if errors.Is(err, io.EOF) {
				return rows, nil
			}
			return nil, err
		}
		line, _ := all.FieldPos(0)
		row := Row{Where: fmt.Sprintf("line %d", line)}
		if errors.Is(err, csv.ErrFieldCount) {
			row.err = fmt.Errorf("it has %d cells, and the first line has %d", len(cells), len(header))
		} else if err != nil {
			return nil, err
		}
		for i := range min(len(cells), len(header)) {
			*columns[header[i]](&row.Fields) = cells[i]
		}
		rows = append(rows, row)
	}
}

// Entered is what became of the rows of a file: Counts add up to how many there were.
type Entered struct {
	Versions []Version // to be written
	Counts   map[Outcome]int
	Refusals []string // where each refused row is, and why
}

// EnterAll enters rows beside the last versions that are known. Author is that of rows without one.
func EnterAll(rows []Row, known []Version, places []place.Place, author string, now time.Time) Entered {
	last := map[string]*Version{}
	for i := range known {
		last[known[i].ID] = &known[i]
	}
	out := Entered{Counts: map[Outcome]int{}}
	first := map[string]Row{} // of an id
	for _, row := range rows {
		if strings.TrimSpace(row.Author) == "" {
			row.Author = author
		}
		a, err := row.parse(places)
		if before, twice := first[a.ID]; err == nil && twice && !last[a.ID].Same(&a) {
			err = fmt.Errorf("id: %q is in %s too, which says otherwise; give each its own id", a.ID, before.Where)
		}
		if err != nil {
			out.Counts[Refused]++
			out.Refusals = append(out.Refusals, row.Where+": "+strings.ReplaceAll(err.Error(), "\n", "; "))
			continue
		}
		next, what := Enter(a, last[a.ID], now)
		out.Counts[what]++
		if what != Known {
			out.Versions = append(out.Versions, next)
		}
		if _, twice := first[a.ID]; !twice {
			first[a.ID] = row
		}
		last[a.ID] = &next
	}
	return out
}

func (r *Row) parse(places []place.Place) (Annotation, error) {
	if r.err != nil {
		return Annotation{}, r.err
	}
	return Parse(r.Fields, places)
}
