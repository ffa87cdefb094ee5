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
	"unicode"

	"github.com/xuri/excelize/v2"
)

// area is an area of merged cells. A spreadsheet program shows the value of its first cell over all of it, and the file has the value in that cell
// alone.
type area struct {
	name                     string // such as A4:A7
	left, top, right, bottom int    // from 1
	text, fault              string // of its first cell
	form                     form
	clash                    string // an area that overlaps it
}

// maxAreas bounds the areas of a sheet.
const maxAreas = 100_000

// areasOf are the merged areas of a sheet by their first rows.
func (b *workbook) areasOf(name string) ([]area, error) {
	known, is := b.areas[name]
	if !is {
		var err error
		if known, err = b.readAreas(name); err != nil {
			return nil, err
		}
		b.areas[name] = known
	}
	return slices.Clone(known), nil
}

// readAreas finds the merged areas behind the rows of a sheet, so that a sheet that has some is read twice.
func (b *workbook) readAreas(name string) (areas []area, err error) {
	if some, err := b.mentions(name, "mergeCell"); err != nil || !some {
		return nil, err
	}
	p, err := b.open(name)
	if err != nil {
		return nil, err
	}
	for {
		token, err := p.token()
		if errors.Is(err, io.EOF) {
			slices.SortStableFunc(areas, func(a, b area) int { return a.top - b.top })
			return areas, nil
		}
		if err == nil && p.depth == 3 && isStart(token, "mergeCell") {
			var a area
			if a, err = areaOf(token.(xml.StartElement)); err == nil && len(areas) == maxAreas {
				err = fmt.Errorf("there are more than %d; save the sheet as CSV", maxAreas)
			}
			areas = append(areas, a)
		}
		if err != nil {
			return nil, fmt.Errorf("its merged cells cannot be read: %w", err)
		}
	}
}

func areaOf(start xml.StartElement) (a area, err error) {
	for _, attr := range start.Attr {
		if attr.Name.Local == "ref" {
			a.name = attr.Value
		}
	}
	first, last, several := strings.Cut(a.name, ":")
	if !several {
		last = first
	}
	var faults [2]error
	a.left, a.top, faults[0] = excelize.CellNameToCoordinates(first)
	a.right, a.bottom, faults[1] = excelize.CellNameToCoordinates(last)
	if errors.Join(faults[:]...) != nil || a.left > a.right || a.top > a.bottom {
		return a, fmt.Errorf("%q is no area", short(a.name))
	}
	return a, nil
}

// mentions reports whether the bytes of a part have a word somewhere.
func (b *workbook) mentions(name, word string) (bool, error) {
	p, err := b.open(name)
	if err != nil {
		return false, err
	}
	in := bufio.NewReaderSize(p.in.in, 1<<16)
	for {
		head, err := in.Peek(1 << 16)
		switch {
		case bytes.Contains(head, []byte(word)):
			return true, nil
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		}
		if _, err := in.Discard(len(head) - len(word)); err != nil {
			return false, err
		}
	}
}

// enter finds the areas over the cells of a row, and takes the values of those that begin in it.
func (r *sheetRows) enter() {
	for i, a := range r.over {
		if a != nil && a.bottom < r.number {
			r.over[i] = nil
		}
	}
	for ; len(r.areas) > 0 && r.areas[0].top <= r.number; r.areas = r.areas[1:] {
		a := &r.areas[0]
		if a.bottom < r.number {
			continue
		}
		if a.top == r.number && a.left <= len(r.row) {
			a.text, a.form, a.fault = r.row[a.left-1], r.forms[a.left-1], r.faults[a.left-1]
		}
		for len(r.over) < a.right {
			r.over = append(r.over, nil)
		}
		for i := a.left - 1; i < a.right; i++ {
			if other := r.over[i]; other != nil {
				a.clash, other.clash = other.name, a.name
			}
			r.over[i] = a
		}
	}
}

// name gives a cell of the header the name of an area that is one column wide and begins above it. A title over several columns names none of
// them.
func (r *sheetRows) name() {
	for i, a := range r.over {
		if a == nil || a.left != a.right || strings.TrimSpace(a.text) == "" || len(r.row) > i && r.row[i] != "" {
			continue
		}
		for len(r.row) <= i {
			r.row = append(r.row, "")
		}
		r.row[i], r.full = a.text, max(r.full, i+1)
	}
}

// fill gives the cells of a row the values of the areas in which they lie, or a fault where that may be wrong. Areas that begin in the header
// or above it say nothing of the rows.
func (r *sheetRows) fill() {
	for i, a := range r.over[:min(len(r.over), r.cells)] {
		if a == nil || a.top <= r.title || r.faults[i] != "" {
			continue
		}
		own, fault := r.row[i], a.fault
		switch {
		case a.clash != "":
			fault = fmt.Sprintf("lies in the merged cells %s, which overlap with %s", a.name, a.clash)
		case own != "" && own != a.text:
			fault = fmt.Sprintf("lies in the merged cells %s, which show %q, and has %q; unmerge them", a.name, short(a.text), short(own))
		case r.isOfSeveral(a, i):
			fault = fmt.Sprintf("lies in the merged cells %s, whose one number may be that of all of them together; unmerge them, and give each cell its own", a.name)
		}
		r.row[i], r.forms[i] = a.text, a.form
		r.fault(i, fault)
	}
}

// fault says what is wrong with a cell, if something is.
func (r *sheetRows) fault(at int, why string) {
	if why == "" || r.faults[at] != "" {
		return
	}
	if r.faults == nil {
		r.faults = map[int]string{}
	}
	r.faults[at] = why
}

// isOfSeveral reports whether the text of an area may be one number of several columns, such as the trucks of two queues together, or one count
// of several rows. A record that is some rows high has one, as all that is used of it and has a value is merged over the same rows.
func (r *sheetRows) isOfSeveral(a *area, at int) bool {
	if !strings.ContainsFunc(a.text, unicode.IsDigit) {
		return false
	}
	named, used, high := 0, 0, a.bottom > a.top
	for i := a.left - 1; i < min(a.right, r.cells); i++ {
		if strings.TrimSpace(r.header[i]) != "" {
			named++
		}
		if r.used[i] {
			used++
		}
	}
	oneRecord := true
	for i, is := range r.used {
		var over *area
		if i < len(r.over) {
			over = r.over[i]
		}
		same := over != nil && over.top == a.top && over.bottom == a.bottom || over == nil && r.row[i] == ""
		oneRecord = oneRecord && (!is || same)
	}
	return used > 1 || r.counted[at] && (named > 1 || high && !oneRecord)
}
