package source

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

// xmlElements are the elements of XML with one path. A document type is refused, so that no entity is defined or fetched; an element
// that takes more than maxLine bytes is refused with the rest of the file.
type xmlElements struct {
	d      *xml.Decoder
	in     *allowance
	path   []string
	within []string
	ended  bool // the root
	number int
	values map[string]string // outside of the records
	known  int               // edition of values
}

// newXML begins to read.
func newXML(in *bufio.Reader, path []string, decoded bool) *xmlElements {
	x := &xmlElements{in: &allowance{in: in}, path: path, values: map[string]string{}}
	x.d = xml.NewDecoder(x.in)
	x.d.CharsetReader = charsets(decoded)
	return x
}

// charsets decodes text by its declaration. Decoded says that it is UTF-8 whatever its declaration says.
func charsets(decoded bool) func(label string, in io.Reader) (io.Reader, error) {
	return func(label string, in io.Reader) (io.Reader, error) {
		if decoded || strings.HasPrefix(strings.ToLower(label), "utf-16") {
			return in, nil
		}
		enc, err := htmlindex.Get(label)
		if err != nil {
			return nil, fmt.Errorf("the encoding %q is not supported", short(label))
		}
		return transform.NewReader(in, enc.NewDecoder()), nil
	}
}

func (x *xmlElements) outside() (values map[string]string, edition int) { return x.values, x.known }

func (x *xmlElements) raw() []byte { return bytes.TrimSpace(x.in.kept) }

func (x *xmlElements) passed() int64 { return 0 }

func (x *xmlElements) next() (int, *tree, error) {
	for {
		x.in.left, x.in.kept = maxLine, bytes.TrimLeft(x.in.kept[max(len(x.in.kept)-1, 0):], ">") // the decoder reads a < ahead
		token, err := x.d.Token()
		if errors.Is(err, io.EOF) && x.number == 0 {
			return 0, nil, fmt.Errorf("XML: no element has the path %q", strings.Join(x.path, "."))
		}
		if err != nil {
			return 0, nil, x.fault(err)
		}
		switch v := token.(type) {
		case xml.CharData:
			if text := bytes.TrimSpace(v); len(x.within) == 0 && len(text) > 0 {
				return 0, nil, x.outOfRoot(string(text))
			}
		case xml.Directive:
			return 0, nil, errors.New("XML: it has a document type, which may define entities; remove the line <!DOCTYPE ...>")
		case xml.EndElement:
			x.within = x.within[:max(len(x.within)-1, 0)]
			x.ended = len(x.within) == 0
		case xml.StartElement:
			if x.ended {
				return 0, nil, x.outOfRoot("<" + v.Name.Local + ">")
			}
			depth := len(x.within)
			isOn := depth < len(x.path) && sameName(v.Name.Local, x.path[depth])
			if isOn && depth+1 < len(x.path) {
				x.enter(v)
				continue
			}
			t := tree{name: v.Name.Local}
			if err := x.parse(&t, v, 0); err != nil {
				return 0, nil, x.fault(err)
			}
			if isOn {
				x.number++
				return x.number, &t, nil
			}
			t.keep(x.prefix(), x.values)
			x.known++
		}
	}
}

// enter goes into an element that has records, and keeps its attributes instead of the values of the one before it of the same name.
func (x *xmlElements) enter(start xml.StartElement) {
	prefix := x.prefix()
	for path := range x.values {
		below, within := strings.CutPrefix(path, prefix)
		if name, _, _ := strings.Cut(below, "."); within && sameName(name, start.Name.Local) {
			delete(x.values, path)
		}
	}
	x.within = append(x.within, start.Name.Local)
	for _, a := range attributes(start) {
		a.keep(x.prefix(), x.values)
	}
	x.known++
}

// prefix is that of the paths of what is in the element that is being read.
func (x *xmlElements) prefix() string {
	return strings.Join(append(slices.Clone(x.within), ""), ".")
}

// attributes are the kids that an element has by its attributes, with an @ before their names. Namespaces are none of them.
func attributes(start xml.StartElement) (kids []tree) {
	for _, a := range start.Attr {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
			kids = append(kids, tree{name: "@" + a.Name.Local, text: a.Value})
		}
	}
	return kids
}

func (x *xmlElements) outOfRoot(text string) error {
	return fmt.Errorf("XML: behind element %d: %q is outside of the one element that has all others; the rest is not read", x.number, short(text))
}

func (x *xmlElements) fault(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, errAllowance):
		return fmt.Errorf("XML: what follows element %d has more than %d bytes; the rest is not read", x.number, maxLine)
	}
	return fmt.Errorf("XML: behind element %d: %w", x.number, err)
}

// parse reads an element to its end.
func (x *xmlElements) parse(t *tree, start xml.StartElement, depth int) error {
	if depth == maxDepth {
		return fmt.Errorf("elements lie deeper than %d", maxDepth)
	}
	t.kids = attributes(start)
	var text strings.Builder
	for {
		token, err := x.d.Token()
		if err != nil {
			return err
		}
		switch v := token.(type) {
		case xml.StartElement:
			kid := tree{name: v.Name.Local}
			if err := x.parse(&kid, v, depth+1); err != nil {
				return err
			}
			t.kids = append(t.kids, kid)
		case xml.CharData:
			text.Write(v)
		case xml.EndElement:
			t.text = strings.TrimSpace(text.String())
			return nil
		}
	}
}

var errAllowance = errors.New("more than is allowed")

// allowance reads as many bytes as are left.
type allowance struct {
	in   *bufio.Reader
	left int
	kept []byte // since left was set
}

func (a *allowance) ReadByte() (byte, error) {
	if a.left <= 0 {
		return 0, errAllowance
	}
	a.left--
	c, err := a.in.ReadByte()
	if err == nil {
		a.kept = append(a.kept, c)
	}
	return c, err
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errAllowance
	}
	n, err := a.in.Read(p[:min(len(p), a.left)])
	a.left -= n
	a.kept = append(a.kept, p[:n]...)
	return n, err
}
