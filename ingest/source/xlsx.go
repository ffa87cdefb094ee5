package source

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"dwell/ingest/event"
)

// sheetFile is a sheet of an XLSX file. Cells have the values that are stored and not the texts that are shown: a number has all its
// digits, and a date is the number of its days (time_layout: excel). A cell of TRUE or FALSE is a flag and no number.
type sheetFile struct {
	book  *workbook
	taken int // the sheet that was opened last
}

func (f *sheetFile) unit() string { return "row" }

// openWorkbook reads an XLSX file into memory.
func openWorkbook(r io.Reader) (*sheetFile, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxWorkbook+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxWorkbook:
		return nil, fmt.Errorf("this XLSX file has more than %d bytes; save the sheet as CSV", maxWorkbook)
	}
	book, err := readWorkbook(data)
	if err != nil {
		return nil, err
	}
	return &sheetFile{book: book}, nil
}

func (f *sheetFile) names(m *Mapping) ([]string, error) {
	_, header, err := f.open(m)
	return header, err
}

func (f *sheetFile) open(m *Mapping) (_ records, header []string, err error) {
	at := f.book.first()
	if m.sheet != "" {
		at = slices.IndexFunc(f.book.sheets, func(name string) bool { return sameName(name, m.sheet) })
		if at < 0 {
			return nil, nil, fmt.Errorf("sheet %q is missing%s", m.sheet, nearest(f.book.sheets, m.sheet))
		}
	}
	f.taken = at
	m.moments.from1904 = f.book.from1904
	part, err := f.book.open(f.book.targets[at])
	if err != nil {
		return nil, nil, fmt.Errorf("sheet %q: %w", f.book.sheets[at], err)
	}
	areas, err := f.book.areasOf(f.book.targets[at])
	if err != nil {
		return nil, nil, fmt.Errorf("sheet %q: %w", f.book.sheets[at], err)
	}
	r := &sheetRows{part: part, book: f.book, words: &m.words, areas: areas}
	for r.full == 0 || r.number <= m.skip {
		if err := r.read(); errors.Is(err, io.EOF) {
			return nil, nil, fmt.Errorf("sheet %q has no row", f.book.sheets[at])
		} else if err != nil {
			return nil, nil, err
		}
	}
	if r.bad != "" {
		return nil, nil, fmt.Errorf("row %d: %s", r.number, r.bad)
	}
	r.skipped = int64(r.number - 1 - m.skip)
	if r.title = r.number; m.headless {
		r.title--
	} else {
		r.name()
	}
	r.cells, r.ahead = r.full, m.headless
	header = m.headerOf(r.row[:r.cells])
	named, counts, lengths := m.names(), m.counts(), m.lengths()
	for _, name := range header {
		is := func(n string) bool { return sameName(n, name) }
		r.used = append(r.used, slices.ContainsFunc(named, is))
		r.filtered = append(r.filtered, slices.ContainsFunc(m.filtered(), is))
		r.counted = append(r.counted, slices.ContainsFunc(counts, is))
		r.ofTime = append(r.ofTime, slices.ContainsFunc(lengths, is))
	}
	if r.header = header; m.headless {
		r.fill()
		r.refuseTimes()
	}
	return r, header, nil
}

func (f *sheetFile) units(m *Mapping) []string {
	r, header, err := f.open(m)
	if err != nil {
		return nil
	}
	return unitsIn(r, header)
}

// sheets says which sheet is read, and which are not; empty for a file of one.
func (f *sheetFile) sheets() string {
	if len(f.book.sheets) < 2 {
		return ""
	}
	var others []string
	for i, name := range f.book.sheets {
		if i != f.taken {
			others = append(others, fmt.Sprintf("%q", short(name)))
		}
		if i != f.taken && f.book.hidden[i] {
			others[len(others)-1] += " (hidden)"
		}
	}
	return fmt.Sprintf("%q is read, and not %s", short(f.book.sheets[f.taken]), strings.Join(others, ", "))
}

// sheetRows are the rows of a sheet below its header. Rows without a value are passed over.
type sheetRows struct {
	part     *part
	book     *workbook
	words    *words
	within   bool // the element with the rows
	header   []string
	used     []bool // the columns that the mapping names
	filtered []bool // those of only and except
	counted  []bool // those of counts
	ofTime   []bool // those of lengths of time
	title    int    // the row of the header, behind which the records are
	areas    []area // that begin below the row that was read
	over     []*area
	cells    int // of each row; 0 before the header is read
	skipped  int64
	ahead    bool // the row that was read is no header

	number int            // of the row that was read
	row    []string       // its texts
	forms  []form         // of its cells
	full   int            // its cells up to the last one with a value
	faults map[int]string // of its cells, from 0
	bad    string         // of the row
}

// raw are the cells with tabs between them.
func (r *sheetRows) raw() []byte {
	return []byte(strings.Join(r.row[:min(r.full, len(r.row))], "\t"))
}

func (r *sheetRows) passed() int64 { return r.skipped }

func (r *sheetRows) next() (number int, values []string, err error) {
	for before := r.number; !r.ahead; before = r.number {
		if err := r.read(); err != nil {
			return 0, nil, err
		}
		r.skipped += int64(r.number - before - 1)
		if r.full > 0 {
			break
		}
		r.skipped++
	}
	r.ahead = false
	switch {
	case r.bad != "":
		return r.number, nil, &LineError{Line: r.number, Reason: UnreadableLine, Text: r.bad}
	case r.full > r.cells:
		return r.number, nil, &LineError{Line: r.number, Reason: UnreadableLine, Text: fmt.Sprintf("%d cells instead of %d", r.full, r.cells)}
	}
	values, err = r.row[:r.cells], nil
	for i := range r.header {
		bad := r.faultOf(i)
		if bad != nil && err == nil {
			err = bad
		}
		if bad != nil && r.filtered[i] {
			values = nil
		}
	}
	return r.number, values, err
}

// faultOf says of a cell of the row that it has no value; it is nil if it has one, or if the mapping does not name its column.
func (r *sheetRows) faultOf(i int) *LineError {
	why := r.faults[i]
	if why == "" || !r.used[i] || isOf(r.words.Unknown, r.row[i]) {
		return nil
	}
	at, _ := excelize.CoordinatesToCellName(i+1, r.number)
	return &LineError{Line: r.number, Reason: event.InvalidField, Text: fmt.Sprintf("%s: cell %s %s", r.header[i], at, why)}
}

// read reads the next row. The error is io.EOF behind the last one, where the sheet has ended, too.
func (r *sheetRows) read() error {
	for {
		token, err := r.part.token()
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		start, is := token.(xml.StartElement)
		switch {
		case err != nil || !is:
		case r.part.depth == 2:
			r.within = start.Name.Local == "sheetData"
		case r.within && start.Name.Local == alternate:
			err = errAlternate
		case r.part.depth == 3 && r.within && start.Name.Local == "row":
			if err = r.take(start); err == nil {
				return nil
			}
		}
		if err != nil {
			return fmt.Errorf("XLSX: behind row %d: %w; the rest is not read", r.number, err)
		}
	}
}

// take reads a row to its end.
func (r *sheetRows) take(start xml.StartElement) error {
	number := r.number + 1
	for _, a := range start.Attr {
		if a.Name.Local != "r" {
			continue
		}
		n, err := strconv.Atoi(a.Value)
		if err != nil || n < number || n > excelize.TotalRows {
			return fmt.Errorf("the number of the next row, %q, is not between %d and %d", short(a.Value), number, excelize.TotalRows)
		}
		number = n
	}
	row, forms, faults, full, bad, last := r.row[:0], r.forms[:0], map[int]string(nil), 0, "", 0
	for r.part.depth >= 3 {
		token, err := r.part.token()
		if err != nil {
			return err
		}
		start, is := token.(xml.StartElement)
		if is && start.Name.Local == alternate {
			return errAlternate
		}
		if !is || start.Name.Local != "c" {
			continue
		}
		c, err := r.part.cell(start, r.book.strings)
		if err != nil {
			return err
		}
		at, inRow := last+1, number
		if c.reference != "" {
			at, inRow, err = excelize.CellNameToCoordinates(c.reference)
		}
		switch {
		case err != nil || inRow != number || at > excelize.MaxColumns:
			bad = fmt.Sprintf("its cell %q is not in this row", short(c.reference))
			continue
		case strings.TrimSpace(c.text) == "" && c.fault == "":
			last = at
			continue
		}
		last, full = at, max(full, at)
		if r.cells > 0 && at > r.cells+maxBehind {
			continue
		}
		for len(row) < at {
			row, forms = append(row, ""), append(forms, textForm)
		}
		if row[at-1] != "" || faults[at-1] != "" {
			bad = fmt.Sprintf("its cell %q is there twice", short(c.reference))
		}
		row[at-1], forms[at-1] = c.text, r.book.formOf(start)
		if c.fault != "" {
			if faults == nil {
				faults = map[int]string{}
			}
			faults[at-1] = c.fault
		}
	}
	if bad != "" {
		full = max(full, 1)
	}
	for len(row) < r.cells {
		row, forms = append(row, ""), append(forms, textForm)
	}
	r.number, r.row, r.forms, r.faults, r.full, r.bad = number, row, forms, faults, full, bad
	if r.enter(); r.cells > 0 {
		r.fill()
		r.refuseTimes()
	}
	return nil
}

// maxBehind is how many cells behind those of the header are kept, to be shown.
const maxBehind = 100
