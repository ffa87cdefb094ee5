package source

import (
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// cell is a cell of a sheet.
type cell struct {
	reference string // such as C4; empty is the cell behind the one before
	text      string // the value that is stored, and not the text that is shown
	fault     string // why it has no value
}

// alternate is an element with several contents, of which a spreadsheet program takes the one for its version. Which one the office sees is not
// known.
const alternate = "AlternateContent"

var errAlternate = errors.New("it has contents for several versions of a spreadsheet program (AlternateContent); save the sheet anew, or as CSV")

// cell reads a cell to its end.
func (p *part) cell(start xml.StartElement, table []string) (c cell, err error) {
	kind := ""
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "r":
			c.reference = a.Value
		case "t":
			kind = a.Value
		}
	}
	value, has, twice, formula := "", false, false, false
	for end := p.depth; p.depth >= end; {
		token, err := p.token()
		if err != nil {
			return c, err
		}
		switch {
		case isStart(token, alternate):
			err = errAlternate
		case isStart(token, "v"):
			twice, has = has, true
			value, err = p.text()
		case isStart(token, "is"):
			twice, has = has, true
			value, err = p.rich()
		case isStart(token, "f"):
			formula = true
			_, err = p.text()
		}
		if err != nil {
			return c, err
		}
	}
	switch {
	case twice:
		c.text, c.fault = value, "has two values"
	case has && (!formula || kind == "str" || strings.TrimSpace(value) != ""): // a formula may give an empty text
		c.text, c.fault = valueOf(kind, value, table)
	case formula:
		c.fault = "is a formula without a stored value; open the file in a spreadsheet program and save it"
	}
	return c, nil
}

// valueOf is the text of what a cell of a kind stores, or why there is none.
func valueOf(kind, value string, table []string) (text, fault string) {
	switch kind {
	case "", "n":
		if n, err := strconv.ParseFloat(value, 64); err == nil && strings.ContainsAny(value, "eE") { // very small and very large numbers
			return strconv.FormatFloat(n, 'f', -1, 64), ""
		}
		return value, ""
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || i < 0 || i >= len(table) {
			return "", fmt.Sprintf("names string %q, and the file has %d strings", short(value), len(table))
		}
		return table[i], ""
	case "str", "inlineStr":
		return unescaped(value), ""
	case "d":
		return value, ""
	case "b":
		if yes, err := strconv.ParseBool(strings.TrimSpace(value)); err == nil {
			return strconv.FormatBool(yes), ""
		}
		return "", fmt.Sprintf("is %q and not TRUE or FALSE", short(value))
	case "e":
		return value, fmt.Sprintf("has the error %q; a word for unknown belongs in words.unknown", short(value))
	}
	return "", fmt.Sprintf("has the type %q, which is not supported", short(kind))
}

// text is the text of an element, which is read to its end.
func (p *part) text() (string, error) {
	var text strings.Builder
	for end := p.depth; p.depth >= end; {
		token, err := p.token()
		if err != nil {
			return "", err
		}
		if s, ok := token.(xml.CharData); ok {
			text.Write(s)
		}
	}
	return text.String(), nil
}

// rich is the text of an element whose parts have forms of their own, which is read to its end. How it is spoken is left out.
func (p *part) rich() (string, error) {
	var text strings.Builder
	for end := p.depth; p.depth >= end; {
		token, err := p.token()
		if err != nil {
			return "", err
		}
		switch {
		case isStart(token, "t"):
			var s string
			s, err = p.text()
			text.WriteString(s)
		case isStart(token, "rPh"):
			_, err = p.text()
		}
		if err != nil {
			return "", err
		}
	}
	return unescaped(text.String()), nil
}

// unescaped is a text in which _x000D_ is the sign with this number, which XML may not have.
func unescaped(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escape.ReplaceAllStringFunc(s, func(sign string) string {
		n, _ := strconv.ParseUint(sign[2:6], 16, 16)
		return string(rune(n))
	})
}

var escape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)
