package source

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"dwell/ingest/event"
)

// jsonObjects are the objects of JSON lines, or those of the list to which a path leads in a document, or in each of several that follow
// one another. They are parted by their brackets before they are read, so that one that cannot be read costs itself alone, and none takes
// more memory than maxLine. A document is read to its end (jsonrest.go).
type jsonObjects struct {
	in      *bufio.Reader
	path    []string // to the list; empty for lines, or a document that is a list
	lines   bool     // each line has one object
	inside  bool     // of the list
	first   bool     // no object of the list is read
	bare    bool     // objects follow one another without a list
	started int      // documents
	ended   bool     // the records of the document are read
	number  int
	skipped int64
	values  map[string]string // outside of the list, in this document
	buf     []byte
	text    []byte // of the last record
}

// newJSON begins to read; head is the beginning of the text, which is not read.
func newJSON(in *bufio.Reader, head []byte, path []string) *jsonObjects {
	j := &jsonObjects{in: in, path: path, values: map[string]string{}}
	line, _, cut := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	j.lines = len(path) == 0 && len(line) > 0 && line[0] == '{' && (cut && json.Valid(line) || oneLine(line))
	return j
}

// oneLine reports whether a line is an object that begins and ends in it, if not a valid one.
func oneLine(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) > 1 && line[len(line)-1] == '}'
}

func (j *jsonObjects) outside() (values map[string]string, edition int) {
	return j.values, j.started
}

func (j *jsonObjects) raw() []byte { return j.text }

func (j *jsonObjects) passed() int64 { return j.skipped }

func (j *jsonObjects) next() (int, *tree, error) {
	if j.lines {
		return j.nextLine()
	}
	if err := j.forward(); err != nil {
		return 0, nil, err
	}
	j.number++
	raw, long, err := j.value(maxLine)
	j.text = raw[:min(len(raw), keptOfLine)]
	if err != nil {
		return 0, nil, j.fault(err)
	}
	j.ended = !j.inside && !j.bare
	if long {
		return j.number, nil, &LineError{Line: j.number, Reason: event.TooLarge, Text: fmt.Sprintf("it has more than %d bytes", maxLine)}
	}
	return j.object(raw)
}

func (j *jsonObjects) nextLine() (int, *tree, error) {
	for {
		line, long, err := readLine(j.in)
		if err != nil && (len(line) == 0 && !long || !errors.Is(err, io.EOF)) {
			return 0, nil, err
		}
		j.number++
		text := bytes.TrimSpace(line)
		j.text = text
		switch {
		case long:
			return j.number, nil, &LineError{Line: j.number, Reason: event.TooLarge, Text: fmt.Sprintf("it has more than %d bytes", maxLine)}
		case len(text) == 0:
			j.skipped++
			continue
		}
		return j.object(text)
	}
}

// object reads the text of a record.
func (j *jsonObjects) object(text []byte) (int, *tree, error) {
	j.text = text
	t, err := parseJSON(text)
	switch {
	case err != nil:
		return j.number, nil, &LineError{Line: j.number, Reason: UnreadableLine, Text: "JSON: " + err.Error()}
	case text[0] != '{':
		return j.number, nil, &LineError{Line: j.number, Reason: UnreadableLine, Text: fmt.Sprintf("%q is no object of JSON", short(string(text)))}
	}
	return j.number, t, nil
}

// keep keeps the values of a tree by their paths.
func (t *tree) keep(prefix string, values map[string]string) {
	if t.isValue() && len(values) < maxPaths {
		values[prefix+t.name] = t.text
	}
	for i := range t.kids {
		if !t.list {
			t.kids[i].keep(prefix+t.name+".", values)
		}
	}
}

// peek passes over white space.
func (j *jsonObjects) peek() (byte, error) {
	for {
		c, err := j.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, j.in.UnreadByte()
		}
	}
}

// value reads the text of a value by its brackets and quotes; whether it is JSON is not seen here. Of one that is longer than most, the
// beginning is kept. The text is valid until the next call.
func (j *jsonObjects) value(most int) (text []byte, long bool, err error) {
	j.buf = j.buf[:0]
	depth, quoted, escaped := 0, false, false
	for {
		c, err := j.in.ReadByte()
		if errors.Is(err, io.EOF) && depth == 0 && !quoted && len(j.buf) > 0 {
			return j.buf, long, nil
		}
		if err != nil {
			return nil, long, err
		}
		done := false
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped = c == '\\'
			quoted = c != '"'
			done = !quoted && depth == 0
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == ']' || c == '}' || c == ':' || c == ' ' || c == '\n' || c == '\r' || c == '\t'):
			if len(j.buf) == 0 {
				return nil, long, fmt.Errorf("JSON: %q is there instead of a value", c)
			}
			return j.buf, long, j.in.UnreadByte()
		case c == '}' || c == ']':
			depth--
			done = depth == 0
		}
		if len(j.buf) < most {
			j.buf = append(j.buf, c)
		} else {
			long = true
		}
		if done {
			return j.buf, long, nil
		}
	}
}

// parseJSON reads one value. Numbers keep their text.
func parseJSON(text []byte) (*tree, error) {
	if !utf8.Valid(text) {
		return nil, errNotUTF8
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	t := &tree{}
	left := maxValues
	if err := t.parse(d, 0, &left); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends within a value")
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows its end")
	}
	return t, nil
}

// maxValues bounds the values of a record: each takes a hundred times the memory of the two bytes that a list needs for it.
const maxValues = 100_000

func (t *tree) parse(d *json.Decoder, depth int, left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("it has more than %d values", maxValues)
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case json.Delim:
		if depth == maxDepth {
			return fmt.Errorf("values lie deeper than %d", maxDepth)
		}
		t.list, t.object = v == '[', v == '{'
		for d.More() {
			var kid tree
			if !t.list {
				key, err := d.Token()
				if err != nil {
					return err
				}
				kid.name, _ = key.(string)
			}
			if err := kid.parse(d, depth+1, left); err != nil {
				return err
			}
			t.kids = append(t.kids, kid)
		}
		_, err = d.Token()
	case string:
		t.text = v
	case json.Number:
		t.text = v.String()
		if strings.ContainsAny(t.text, "eE") {
			n, err := v.Float64()
			if err != nil {
				return fmt.Errorf("%s is too large a number", short(t.text))
			}
			t.text = strconv.FormatFloat(n, 'f', -1, 64)
		}
	case bool:
		t.text = strconv.FormatBool(v)
	}
	return err
}
