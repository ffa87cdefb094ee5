package source

import (
	"bytes"
	"strings"
)

// maxTitle is how many lines or rows a title may have, above the header.
const maxTitle = 10

// filled is the number of columns that have a name.
func filled(header []string) (n int) {
	for _, name := range header {
		if strings.TrimSpace(name) != "" {
			n++
		}
	}
	return n
}

// belowTitle finds how many lines are above the header: the first number with which about as much of the file is a table, and about as many of
// its columns have a name, as with any. Values gives the header and the number of rows below so many lines; size is how much is a table.
func belowTitle(values func(skip int) (header []string, rows int)) (skip, size int) {
	var named, sizes []int
	best := 0
	for skip := range maxTitle + 1 {
		header, rows := values(skip)
		n := filled(header)
		if n < 2 {
			rows = 0
		}
		if named, sizes = append(named, n), append(sizes, n*rows); sizes[skip] > sizes[best] {
			best = skip
		}
	}
	for skip, size := range sizes[:best] {
		if 2*size > sizes[best] && named[skip] >= min(named[best]-1, named[best]*3/4) {
			return skip, size
		}
	}
	return best, sizes[best]
}

// below is the text behind so many lines.
func below(text []byte, lines int) []byte {
	for range lines {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text
}
