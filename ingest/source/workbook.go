package source

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Bounds of an XLSX file: its bytes as they are, and those of all of its parts when they are unpacked; the elements of the sheet or of the
// string table, of which a cell with a value takes two; and how deep they lie. A sheet of 200,000 rows and six columns has about 60 MB and
// 2.6 million elements.
const (
	maxWorkbook      = 64 << 20
	maxUnpacked      = 256 << 20
	maxDescribing    = 16 << 20 // of a part that says where the others are
	maxElements      = 5_000_000
	maxSheetElements = 100 // within one another
)

// workbook is an XLSX file: a zip file whose parts are XML. Its sheets are read by our own reader and not by excelize, which ends without an
// error at a fault of the XML, and does not tell a value that is missing from an empty one.
type workbook struct {
	parts    map[string]*zip.File // by their names in lower case
	sheets   []string
	targets  []string // the parts of the sheets
	hidden   []bool   // sheets that are not shown, or have no cells, such as charts
	strings  []string
	forms    []form            // of styles
	areas    map[string][]area // of the sheets that were opened
	from1904 bool
}

// readWorkbook reads all but the sheets. A part that is damaged is an error, whether it is needed or not.
func readWorkbook(data []byte) (*workbook, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("this is a zip or XLSX file that is damaged: %w", err)
	}
	b := &workbook{parts: map[string]*zip.File{}, areas: map[string][]area{}}
	var unpacked uint64
	for _, part := range archive.File {
		if unpacked += min(part.UncompressedSize64, maxUnpacked+1); unpacked > maxUnpacked {
			return nil, fmt.Errorf("this XLSX file has more than %d bytes when it is unpacked; save the sheet as CSV", maxUnpacked)
		}
		name := partName(part.Name)
		if b.parts[name] != nil {
			return nil, fmt.Errorf("the XLSX file is damaged: it has the part %q twice", short(part.Name))
		}
		b.parts[name] = part
	}
	for _, part := range archive.File {
		if err := verify(part); err != nil {
			return nil, fmt.Errorf("the XLSX file is damaged: part %q: %w", short(part.Name), err)
		}
	}
	if err := b.find(); err != nil {
		return nil, fmt.Errorf("this is a zip, but not an XLSX file that can be read (%w); save the sheet as XLSX or CSV", err)
	}
	return b, nil
}

// verify unpacks a part once to its end, where its size and its checksum are compared.
func verify(part *zip.File) error {
	in, err := part.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(io.Discard, in)
	return err
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// relation is one of the relations of a part to another.
type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

// find finds the sheets, and reads the string table.
func (b *workbook) find() error {
	root, err := b.relations("")
	if err != nil {
		return err
	}
	main := ""
	for _, r := range root {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			main = r.Target
		}
	}
	var said struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			ID    string `xml:"id,attr"`
			State string `xml:"state,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := b.unmarshal(main, &said); err != nil {
		return err
	}
	if len(said.Sheets) == 0 {
		return errors.New("it has no sheet")
	}
	b.from1904 = said.Properties.Date1904 == "1" || said.Properties.Date1904 == "true"
	relations, err := b.relations(main)
	if err != nil {
		return err
	}
	targets, hidden := map[string]string{}, map[string]bool{}
	for _, r := range relations {
		targets[r.ID], hidden[r.ID] = r.Target, !strings.HasSuffix(r.Type, "/worksheet")
		if strings.HasSuffix(r.Type, "/sharedStrings") {
			if b.strings, err = b.table(r.Target); err != nil {
				return err
			}
		}
	}
	for _, r := range relations {
		if strings.HasSuffix(r.Type, "/styles") {
			if err := b.readForms(r.Target); err != nil {
				return err
			}
		}
	}
	for _, s := range said.Sheets {
		b.sheets, b.targets = append(b.sheets, s.Name), append(b.targets, targets[s.ID])
		b.hidden = append(b.hidden, hidden[s.ID] || s.State == "hidden" || s.State == "veryHidden")
	}
	return nil
}

// first is the sheet that is read where the mapping names none: the first one that is shown.
func (b *workbook) first() int { return max(slices.Index(b.hidden, false), 0) }

// relations are those of a part, with the names of the parts that they lead to; those of "" are those of the file.
func (b *workbook) relations(of string) ([]relation, error) {
	dir, name := path.Split(of)
	var said struct {
		Relations []relation `xml:"Relationship"`
	}
	if err := b.unmarshal(dir+"_rels/"+name+".rels", &said); err != nil {
		return nil, err
	}
	for i, r := range said.Relations {
		if !strings.HasPrefix(r.Target, "/") {
			r.Target = path.Join(dir, r.Target)
		}
		said.Relations[i].Target = partName(r.Target)
	}
	return said.Relations, nil
}

// unmarshal reads a part that is small.
func (b *workbook) unmarshal(name string, into any) error {
	part := b.parts[name]
	switch {
	case part == nil:
		return fmt.Errorf("it has no part %q", short(name))
	case part.UncompressedSize64 > maxDescribing:
		return fmt.Errorf("its part %q has more than %d bytes", short(name), maxDescribing)
	}
	in, err := b.open(name)
	if err != nil {
		return err
	}
	if err := in.d.Decode(into); err != nil {
		return fmt.Errorf("part %q: %w", short(name), err)
	}
	return nil
}

// table reads the string table. A file that has none says so at the cells that need it.
func (b *workbook) table(name string) (table []string, err error) {
	if b.parts[name] == nil {
		return nil, nil
	}
	in, err := b.open(name)
	if err != nil {
		return nil, err
	}
	for {
		token, err := in.token()
		if errors.Is(err, io.EOF) {
			return table, nil
		}
		if err == nil && isStart(token, "si") {
			var text string
			if text, err = in.rich(); err == nil {
				table = append(table, text)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("the string table, behind string %d: %w", len(table), err)
		}
	}
}

// part is the XML of a part, token by token.
type part struct {
	d        *xml.Decoder
	in       *allowance
	depth    int
	elements int
}

func (b *workbook) open(name string) (*part, error) {
	of := b.parts[name]
	if of == nil {
		return nil, fmt.Errorf("it has no part %q", short(name))
	}
	packed, err := of.Open()
	if err != nil {
		return nil, err
	}
	text := transform.NewReader(packed, unicode.BOMOverride(encoding.Nop.NewDecoder()))
	in := &allowance{in: bufio.NewReader(text), left: maxDescribing}
	d := xml.NewDecoder(in)
	d.CharsetReader = charsets(false)
	return &part{d: d, in: in}, nil
}

// token is the next one. The end of the part is io.EOF only where all of its elements have ended.
func (p *part) token() (xml.Token, error) {
	p.in.left, p.in.kept = maxLine, p.in.kept[:0]
	token, err := p.d.Token()
	switch token.(type) {
	case xml.StartElement:
		p.depth++
		p.elements++
	case xml.EndElement:
		p.depth--
	case xml.Directive:
		return nil, errors.New("it has a document type")
	}
	switch {
	case errors.Is(err, errAllowance):
		return nil, fmt.Errorf("a text has more than %d bytes", maxLine)
	case p.elements > maxElements:
		return nil, fmt.Errorf("it has more than %d elements; save the sheet as CSV", maxElements)
	case p.depth > maxSheetElements:
		return nil, fmt.Errorf("elements lie deeper than %d", maxSheetElements)
	}
	return token, err
}

func isStart(token xml.Token, name string) bool {
	start, ok := token.(xml.StartElement)
	return ok && start.Name.Local == name
}
