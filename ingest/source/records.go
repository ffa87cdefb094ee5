package source

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// records are the lines of a CSV file, the objects of JSON, the rows of a sheet or the elements of XML.
type records interface {
	// next returns the values of the next record in the order of the header, and the number of the record, from 1. The values are
	// valid until the next call. An object with a list gives a record for each element of the list, all with one number. The error is a
	// *LineError where the record cannot be used, io.EOF at the end, or that of the file. Values beside a *LineError are those of a row
	// that only and except may pass over, and of which other readings can be used.
	next() (number int, values []string, err error)
	// raw has the bytes of the last record, or of what could not be read as one; valid until the next call.
	raw() []byte
	// passed is the number of empty lines and comments so far.
	passed() int64
}

// file is a file whose form is known.
type file interface {
	// names are the names that the file offers to a mapping.
	names(m *Mapping) ([]string, error)
	// open begins to read; header has the names of the values of each record.
	open(m *Mapping) (r records, header []string, err error)
	// unit is what a record is called.
	unit() string
	// units are the names whose values are words for units of time in all of the first records that have one. Nothing is read.
	units(m *Mapping) []string
}

// choose takes the mapping that fits the names of the file.
func choose(mappings []Mapping, f file) (*Mapping, error) {
	var best, near *Mapping // near is for a file whose records may leave values out
	var header []string
	var fault error
	for i := range mappings {
		m := &mappings[i]
		names, err := f.names(m)
		if err == nil {
			header = names
			_, err = m.place(names)
		}
		tree, sparse := f.(*treeFile)
		if err != nil && sparse && !m.shipped && near == nil && m.enough(names) {
			near = m
		}
		if err != nil && sparse && names != nil {
			err = cmp.Or(tree.tooLate(m, names), err)
		}
		if err != nil {
			fault = err
			continue
		}
		if best == nil || len(m.names()) > len(best.names()) {
			best = m
		}
	}
	switch best = cmp.Or(best, near); {
	case best != nil:
		return best, nil
	case errors.Is(fault, io.EOF):
		return nil, errors.New("header: the file has none")
	case len(mappings) == 1 && !mappings[0].shipped && header == nil:
		return nil, fmt.Errorf("mapping %q: %w", mappings[0].Name, fault)
	case len(mappings) == 1 && !mappings[0].shipped:
		return nil, fmt.Errorf("mapping %q does not fit the header %q: %w", mappings[0].Name, short(strings.Join(header, string(mappings[0].Separator))), fault)
	}
	var tried []string
	for _, m := range mappings {
		tried = append(tried, m.Name)
	}
	return nil, fmt.Errorf("%w the header %q (tried %s); dwell source try FILE proposes one, and --map FILE names it",
		ErrNoMapping, short(strings.Join(header, ",")), strings.Join(tried, ", "))
}

// csvFile is text in lines.
type csvFile struct {
	in        *bufio.Reader
	first     []byte // the beginning, with the first line that is not empty
	separator rune   // which the first line names; 0 is that of the mapping
	before    int    // lines that are read, above first
}

// newCSV begins with a first line such as sep=; by which Excel learns the separator.
func newCSV(in *bufio.Reader, first []byte) *csvFile {
	f := &csvFile{in: in, first: first}
	line, rest, _ := bytes.Cut(first, []byte("\n"))
	name, sign, ok := strings.Cut(string(line), "=")
	sign = strings.TrimRight(sign, "\r")
	if separator, size := utf8.DecodeRuneInString(sign); ok && strings.EqualFold(strings.TrimSpace(name), "sep") && size > 0 && size == len(sign) {
		f.separator, f.before, f.first = separator, 1, rest
	}
	return f
}

func (f *csvFile) unit() string { return "line" }

// lines are those of in, after the ones above the header.
func (f *csvFile) lines(in io.Reader, m *Mapping, above int) (*lines, error) {
	separator := m.Separator
	if f.separator != 0 {
		separator = f.separator
	}
	l := newLines(bufio.NewReaderSize(in, maxLine), separator, m.Comment)
	for range above {
		if _, err := l.take(); err != nil {
			return nil, fmt.Errorf("skip: %w", err)
		}
	}
	return l, nil
}

func (f *csvFile) names(m *Mapping) ([]string, error) {
	first := f.first
	if m.skip > 0 || f.separator != 0 {
		if all, err := f.in.Peek(maxHead); err == nil || errors.Is(err, io.EOF) {
			_, first, _ = bytes.Cut(all, []byte("\n"))
			if f.separator == 0 {
				first = all
			}
		}
	}
	l, err := f.lines(bytes.NewReader(first), m, m.skip)
	if err != nil {
		return nil, err
	}
	_, header, err := l.next()
	return m.headerOf(header), err
}

func (f *csvFile) open(m *Mapping) (records, []string, error) { return f.openFrom(f.in, m) }

func (f *csvFile) units(m *Mapping) []string {
	head, err := f.in.Peek(maxHead)
	if end := bytes.LastIndexByte(head, '\n'); err == nil && end > 0 {
		head = head[:end]
	}
	r, header, err := f.openFrom(bytes.NewReader(head), m)
	if err != nil {
		return nil
	}
	return unitsIn(r, header)
}

func (f *csvFile) openFrom(in io.Reader, m *Mapping) (records, []string, error) {
	header, err := f.names(m)
	if err != nil {
		return nil, nil, err
	}
	l, err := f.lines(in, m, f.before+m.skip)
	if err != nil {
		return nil, nil, err
	}
	if m.headless {
		l.fields = len(header)
		return l, header, nil
	}
	_, header, err = l.next()
	return l, slices.Clone(header), err
}

// headerOf are the names of columns by the first row: its values, or the numbers of columns where the file has no header.
func (m *Mapping) headerOf(first []string) []string {
	header := slices.Clone(first)
	for i := range header {
		if m.headless {
			header[i] = strconv.Itoa(i + 1)
		}
	}
	return header
}
