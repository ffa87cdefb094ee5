package visible

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
)

// Table prints rows in columns.
type Table struct{ to *tabwriter.Writer }

// NewTable makes a Table.
func NewTable(to io.Writer) Table { return Table{tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)} }

// Row adds a row. Its error may come with a later call, or with Flush.
func (t Table) Row(cells ...string) error {
	shown := make([]string, len(cells))
	for i, c := range cells {
		shown[i] = Text(c)
	}
	_, err := fmt.Fprintln(t.to, strings.Join(shown, "\t"))
	return err
}

// Flush prints the rows.
func (t Table) Flush() error { return t.to.Flush() }

// CSV writes rows as a CSV file.
type CSV struct{ to *csv.Writer }

// NewCSV makes a CSV.
func NewCSV(to io.Writer) CSV { return CSV{csv.NewWriter(to)} }

// Row adds a row.
func (c CSV) Row(cells ...string) error {
	shown := make([]string, len(cells))
	for i, text := range cells {
		shown[i] = cell(text)
	}
	return c.to.Write(shown)
}

// Flush writes the rows.
func (c CSV) Flush() error {
	c.to.Flush()
	return c.to.Error()
}

var number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// cell is a cell that a spreadsheet takes for text or a number, never for a formula: an apostrophe is before it otherwise.
func cell(text string) string {
	if strings.IndexAny(text, "=+-@\t\r＝＋－＠") == 0 && !number.MatchString(text) {
		text = "'" + text
	}
	return Lines(text)
}
