package source

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// form is what the value of a cell is, by its type and by the format in which it is shown.
type form uint8

const (
	textForm form = iota
	numberForm
	dateForm    // a number of days since 1900 or 1904
	clockForm   // a part of a day, as a time of day or a length of time: h:mm
	elapsedForm // days as a length of time that may have more than 24 hours: [h]:mm
)

// readForms finds the forms of the cells of each style. A workbook without styles has numbers alone.
func (b *workbook) readForms(name string) error {
	if b.parts[name] == nil {
		return nil
	}
	var said struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Styles []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := b.unmarshal(name, &said); err != nil {
		return err
	}
	codes := map[int]string{}
	for _, f := range said.Formats {
		codes[f.ID] = f.Code
	}
	for _, s := range said.Styles {
		b.forms = append(b.forms, formOfFormat(s.Format, codes[s.Format]))
	}
	return nil
}

// formOfFormat is the form of a format by its number, or by its code if the file says one.
func formOfFormat(number int, code string) form {
	switch {
	case code != "":
		return formOfCode(code)
	case number >= 14 && number <= 17, number == 22:
		return dateForm
	case number >= 18 && number <= 21, number == 45, number == 47:
		return clockForm
	case number == 46:
		return elapsedForm
	}
	return numberForm
}

// formOfCode reads the first section of a code such as [$-409]dd.mm.yyyy\ hh:mm;@. Texts within quotes, behind a backslash and in brackets have no
// meaning but for [h], [m] and [s].
func formOfCode(code string) form {
	date, clock, elapsed := false, false, false
	for i := 0; i < len(code) && code[i] != ';'; i++ {
		switch c := code[i]; c {
		case '"', '[':
			end := map[byte]string{'"': `"`, '[': "]"}[c]
			within, _, _ := strings.Cut(code[i+1:], end)
			elapsed = elapsed || c == '[' && within != "" && strings.Trim(strings.ToLower(within), "hms") == ""
			i += len(within) + 1
		case '\\', '_', '*':
			i++
		case 'h', 'H', 's', 'S':
			clock = true
		case 'y', 'Y', 'd', 'D':
			date = true
		}
	}
	switch {
	case strings.EqualFold(code, "General"):
		return numberForm
	case date:
		return dateForm
	case elapsed:
		return elapsedForm
	case clock:
		return clockForm
	}
	return numberForm
}

// formOf is the form of a cell of a kind.
func (b *workbook) formOf(start xml.StartElement) form {
	of := numberForm
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "t":
			if a.Value != "n" && a.Value != "" {
				return textForm
			}
		case "s":
			if i, err := strconv.Atoi(a.Value); err == nil && i >= 0 && i < len(b.forms) {
				of = b.forms[i]
			}
		}
	}
	return of
}

// refusal says why the number of a cell can be no figure, empty if it can: lengths of time may be parts of a day, and dates are no figures, such as the 7.5 that
// a spreadsheet program takes for the seventh of May.
func (f form) refusal(text string, ofTime bool) (why string) {
	days, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	switch {
	case f == dateForm:
		return fmt.Sprintf("has the format of a date and the value %s; give it the format of a number", short(text))
	case f != clockForm && f != elapsedForm:
		return ""
	case !ofTime:
		return fmt.Sprintf("has the format of a time and the value %s; give it the format of a number", short(text))
	case f == clockForm && err == nil && days >= 1:
		return fmt.Sprintf("shows a time of day, and its value is %s days; give it the format [h]:mm, or that of a number", short(text))
	}
	return ""
}

// figures are the signs and the unit with which a cell of the sheet is read: numbers have points, whatever texts have, and times are days.
func (r *sheetRows) figures(at int, n *numbers, of lengths) (*numbers, lengths) {
	if at < 0 || at >= len(r.forms) || r.forms[at] == textForm {
		return n, of
	}
	if r.forms[at] == clockForm || r.forms[at] == elapsedForm {
		of = lengths{unit: 24 * time.Hour}
	}
	return &numbers{decimal: "."}, of
}

// refuseTimes finds the cells of figures whose dates and times are none.
func (r *sheetRows) refuseTimes() {
	for i := range r.header {
		if r.counted[i] || r.ofTime[i] {
			r.fault(i, r.forms[i].refusal(r.row[i], r.ofTime[i]))
		}
	}
}

// counts are the names of the columns of counts, of which two can be added.
func (m *Mapping) counts() (all []string) {
	for i := range m.shapes {
		c := &m.shapes[i].columns
		all = append(all, c.Vehicles, c.LanesOpen, c.ServiceRate)
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}

// lengths are the names of the columns of lengths of time.
func (m *Mapping) lengths() (all []string) {
	for i := range m.shapes {
		c := &m.shapes[i].columns
		all = append(all, c.Wait, c.Age)
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}
