package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A header may have a name twice, such as the time of two persons who count. A mapping cannot tell the columns apart by it, and names all by their
// numbers then.

// label is how the mapping names a column.
func (p *proposal) label(at int) string {
	if p.numbered {
		return strconv.Itoa(at + 1)
	}
	return strings.TrimSpace(p.header[at])
}

// usesTwice reports whether a column that the mapping names has the name of another one.
func (p *proposal) usesTwice() bool {
	return slices.ContainsFunc(p.used, func(at int) bool {
		return slices.ContainsFunc(p.header[:at], func(name string) bool { return sameName(name, p.header[at]) }) ||
			slices.ContainsFunc(p.header[at+1:], func(name string) bool { return sameName(name, p.header[at]) })
	})
}

// numbers are the lines of YAML by which the columns have numbers, in front of those that say how to read the file.
func (t *table) numbers() {
	var names []string
	for i, name := range t.header {
		names = append(names, fmt.Sprintf("%d %s", i+1, strings.Join(strings.Fields(name), " ")))
	}
	t.found = slices.DeleteFunc(t.found, func(line string) bool { return strings.HasPrefix(line, "skip: ") })
	t.line("header: false # a name of a column is there twice, so they are named by their numbers: %s", strings.Join(names, ", "))
	t.line("skip: %d # lines or rows with the header", t.skip+1)
}
