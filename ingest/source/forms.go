package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
)

// maxHead is how much of a file is looked at before it is read, in bytes.
const maxHead = 256 << 10

// openFile unpacks a file and finds its form. Encoding is that of a mapping, or nil.
func openFile(r io.Reader, enc encoding.Encoding) (file, error) {
	in, err := unpack(r)
	if err != nil {
		return nil, err
	}
	if isWorkbook(in) {
		return openWorkbook(in)
	}
	text, err := plain(in, enc)
	if err != nil {
		return nil, err
	}
	return formOf(bufio.NewReaderSize(text, maxHead), enc != nil)
}

// formOf finds the form of a text by its first sign. Nothing of it is read. Decoded says that the mapping names an encoding.
func formOf(in *bufio.Reader, decoded bool) (file, error) {
	first, err := firstSign(in)
	if err != nil {
		return nil, err
	}
	switch first {
	case '{', '[', '<':
		head, err := in.Peek(maxHead)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return &treeFile{in: in, head: head, xml: first == '<', decoded: decoded}, nil
	}
	head, err := firstLine(in)
	if err != nil {
		return nil, err
	}
	return newCSV(in, head), nil
}

// firstSign is the first byte that is no white space.
func firstSign(in *bufio.Reader) (byte, error) {
	for n := 1; ; n++ {
		head, err := in.Peek(n)
		if len(head) == n && !bytes.ContainsRune([]byte(" \t\r\n"), rune(head[n-1])) {
			return head[n-1], nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return 0, errors.New("the file is empty")
		case errors.Is(err, bufio.ErrBufferFull):
			return 0, errors.New("the file begins with blanks alone")
		case err != nil:
			return 0, err
		}
	}
}

// treeFile is JSON or XML.
type treeFile struct {
	in      *bufio.Reader
	head    []byte
	xml     bool
	decoded bool
	path    []string // of the mapping with which it was opened
}

func (f *treeFile) unit() string {
	switch {
	case f.xml:
		return "element"
	case newJSON(nil, f.head, f.path).lines:
		return "line"
	}
	return "object"
}

func (f *treeFile) trees(in *bufio.Reader, path []string) trees {
	if f.xml {
		return newXML(in, path, f.decoded)
	}
	return newJSON(in, f.head, path)
}

// withoutLists is a path as elements of XML have it, whether they repeat or not.
func withoutLists(path string) string { return strings.ReplaceAll(path, "[]", "") }

// names are the paths of the first records. Those that the mapping names are written as the mapping writes them.
func (f *treeFile) names(m *Mapping) ([]string, error) {
	found, err := f.paths(m.path)
	if err != nil {
		return nil, err
	}
	named := m.names()
	for i, path := range found {
		at := slices.IndexFunc(named, func(name string) bool { return f.same(path, name) })
		if at >= 0 {
			found[i] = named[at]
		}
	}
	return found, nil
}

func (f *treeFile) same(path, name string) bool {
	if f.xml {
		path, name = withoutLists(path), withoutLists(name)
	}
	return sameName(path, name)
}

// paths are those of the first records, and of the values outside and before them.
func (f *treeFile) paths(path []string) ([]string, error) {
	t := f.trees(bufio.NewReader(bytes.NewReader(f.head)), path)
	found, err := paths(t)
	switch {
	case err != nil && len(f.head) == maxHead:
		return nil, fmt.Errorf("no %s begins within the first %d bytes", f.unit(), maxHead)
	case err != nil:
		return nil, err
	}
	return found, nil
}

// tooLate is an error if values that a mapping names come after the records, as far as the beginning of the file has them.
func (f *treeFile) tooLate(m *Mapping, found []string) error {
	values := map[string]string{}
	if f.xml {
		x := f.trees(bufio.NewReader(bytes.NewReader(f.head)), m.path)
		for err := error(nil); err == nil; {
			_, _, err = x.next()
		}
		values, _ = x.outside()
	} else if t, err := parseJSON(f.head); err == nil {
		for i := range t.kids {
			t.kids[i].keep("", values)
		}
	}
	var late []string
	for _, name := range m.names() {
		for path := range values {
			if sameName("/"+path, name) && !slices.ContainsFunc(found, func(n string) bool { return sameName(n, name) }) {
				late = append(late, fmt.Sprintf("%q", name))
			}
		}
	}
	if len(late) == 0 {
		return nil
	}
	return fmt.Errorf("the document has %s behind its records, where it is too late: they are read before it", strings.Join(late, " and "))
}

// open begins to read the values that the mapping names, in the order of its names.
func (f *treeFile) open(m *Mapping) (records, []string, error) {
	f.path = m.path
	names := m.names()
	r, err := newTreeRecords(f.trees(bufio.NewReaderSize(f.in, maxLine+len("\r\n")), m.path), names)
	return r, names, err
}

// enough reports whether a file that may leave values out has what a mapping needs: each time and place, of events one, and one other value.
func (m *Mapping) enough(found []string) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(found, func(path string) bool { return sameName(path, name) })
	}
	needed, whole := 0, 0
	for i := range m.shapes {
		c := &m.shapes[i].columns
		if (has(c.BCP) || c.BCP == "") && !slices.ContainsFunc(c.Time, func(name string) bool { return !has(name) }) {
			whole++
		}
	}
	if whole < len(m.shapes) && !(m.OfEvents() && whole > 0) { // of several events the first records may have one alone
		return false
	}
	for _, name := range m.names() {
		if has(name) {
			needed++
		}
	}
	return needed > len(m.shapes[0].columns.Time)+min(len(m.shapes[0].columns.BCP), 1)
}

// parsePath reads a path such as data.ports.
func parsePath(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	parts := strings.Split(path, ".")
	if slices.Contains(parts, "") {
		return nil, errors.New("has an empty name; write it as data.ports")
	}
	return parts, nil
}
