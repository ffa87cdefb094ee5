package source

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds of an XLSX file, in bytes: as it is, and what all of its parts take when they are unpacked, which they are in memory. A sheet of
// 200,000 rows and six columns has about 60 MB.
const (
	maxWorkbook = 64 << 20
	maxUnpacked = 256 << 20
)

// sheetFile is a sheet of an XLSX file. Cells have the values that are stored and not the texts that are shown: a number has all its
// digits, and a date is the number of its days (time_layout: excel).
type sheetFile struct{ book *excelize.File }

func (f *sheetFile) unit() string { return "row" }

// openWorkbook reads an XLSX file into memory.
func openWorkbook(r io.Reader) (f *sheetFile, err error) {
	defer recovered(&err)
	data, err := io.ReadAll(io.LimitReader(r, maxWorkbook+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxWorkbook:
		return nil, fmt.Errorf("this XLSX file has more than %d bytes; save the sheet as CSV", maxWorkbook)
	}
	parts, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("this is a zip or XLSX file that is damaged: %w", err)
	}
	var unpacked uint64
	for _, part := range parts.File {
		if unpacked += min(part.UncompressedSize64, maxUnpacked+1); unpacked > maxUnpacked {
			return nil, fmt.Errorf("this XLSX file has more than %d bytes when it is unpacked; save the sheet as CSV", maxUnpacked)
		}
	}
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	if err == nil && len(book.GetSheetList()) == 0 {
		err = errors.New("it has no sheet")
	}
	if err != nil {
		return nil, fmt.Errorf("this is a zip, but not an XLSX file that can be read (%w); save the sheet as XLSX or CSV", err)
	}
	return &sheetFile{book}, nil
}

// recovered makes an error of a panic at a part that the library did not expect.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("XLSX: cannot be read: %v", p)
	}
}

func (f *sheetFile) names(m *Mapping) ([]string, error) {
	_, header, err := f.open(m)
	return header, err
}

func (f *sheetFile) open(m *Mapping) (_ records, header []string, err error) {
	defer recovered(&err)
	sheets := f.book.GetSheetList()
	sheet := sheets[0]
	if m.sheet != "" {
		at := slices.IndexFunc(sheets, func(name string) bool { return sameName(name, m.sheet) })
		if at < 0 {
			return nil, nil, fmt.Errorf("sheet %q is missing%s", m.sheet, nearest(sheets, m.sheet))
		}
		sheet = sheets[at]
	}
	props, err := f.book.GetWorkbookProps()
	if err != nil {
		return nil, nil, err
	}
	m.moments.from1904 = props.Date1904 != nil && *props.Date1904
	rows, err := f.book.Rows(sheet)
	if err != nil {
		return nil, nil, err
	}
	r := &sheetRows{rows: rows}
	for range m.skip {
		r.number++
		r.rows.Next()
		_, _ = r.rows.Columns()
	}
	_, first, err := r.next()
	if errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("sheet %q has no row", sheet)
	}
	r.cells = len(first)
	if m.headless {
		r.ahead = slices.Clone(first)
	}
	return r, m.headerOf(first), err
}

// sheetRows are the rows of a sheet below its header. Rows without a value are passed over.
type sheetRows struct {
	rows    *excelize.Rows
	cells   int // of each row; 0 is those of the first
	number  int
	skipped int64
	ahead   []string // a row that is no header
	last    []string // the row that was returned, or could not be
}

// raw are the cells with tabs between them.
func (r *sheetRows) raw() []byte { return []byte(strings.Join(r.last, "\t")) }

func (r *sheetRows) passed() int64 { return r.skipped }

func (r *sheetRows) next() (number int, values []string, err error) {
	defer recovered(&err)
	if values, r.ahead = r.ahead, nil; values != nil {
		r.last = values
		return r.number, values, nil
	}
	for r.rows.Next() {
		r.number++
		values, err := r.rows.Columns()
		r.last = values
		if err != nil {
			return r.number, nil, &LineError{Line: r.number, Reason: UnreadableLine, Text: err.Error()}
		}
		full := len(values)
		for full > 0 && strings.TrimSpace(values[full-1]) == "" {
			full--
		}
		switch {
		case full == 0:
			r.skipped++
			continue
		case r.cells > 0 && full > r.cells:
			return r.number, nil, &LineError{Line: r.number, Reason: UnreadableLine, Text: fmt.Sprintf("%d cells instead of %d", full, r.cells)}
		}
		values = values[:full]
		for len(values) < r.cells {
			values = append(values, "")
		}
		for i, s := range values {
			if exponent.MatchString(s) {
				if n, err := strconv.ParseFloat(s, 64); err == nil {
					values[i] = strconv.FormatFloat(n, 'f', -1, 64)
				}
			}
		}
		return r.number, values, nil
	}
	if err := r.rows.Error(); err != nil {
		return 0, nil, fmt.Errorf("XLSX: behind row %d: %w", r.number, err)
	}
	return 0, nil, io.EOF
}

// exponent is how a sheet stores very small and very large numbers.
var exponent = regexp.MustCompile(`^-?[0-9](\.[0-9]+)?E[-+]?[0-9]+$`)
