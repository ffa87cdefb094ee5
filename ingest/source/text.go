package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"dwell/ingest/packed"
)

// Forms that a file is not, by their first bytes, with the way out.
var foreign = []struct{ magic, what string }{
	{zipMagic, "a zip or XLSX file; --map says what the columns of its sheet mean"},
	{"\xd0\xcf\x11\xe0", "an XLS file, or an XLSX file with a password; save the sheet as XLSX without one, or as CSV"},
	{"%PDF", "a PDF; its tables cannot be read"},
	{"BZh", "a bzip2 file; unpack it, or pack it with gzip or zstd"},
	{"\xfd7zXZ", "an xz file; unpack it, or pack it with gzip or zstd"},
	{"PAR1", "a Parquet file; write it as CSV"},
	{"SQLite format 3", "an SQLite database; write the table as CSV"},
}

// zipMagic begins a zip file, which an XLSX file is.
const zipMagic = "PK\x03\x04"

// unpack unpacks a file from gzip or zstd.
func unpack(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	for range packed.Most + 1 {
		unpacked, err := packed.Unpack(in)
		if err != nil {
			return nil, err
		}
		if unpacked == nil {
			return in, nil
		}
		in = bufio.NewReaderSize(unpacked, 1<<16)
	}
	return nil, packed.ErrTooOften
}

// isWorkbook reports whether a file may be an XLSX file.
func isWorkbook(in *bufio.Reader) bool {
	head, _ := in.Peek(len(zipMagic))
	return string(head) == zipMagic
}

// plain returns the text of a file as UTF-8 without a byte order mark. Encoding is that of the text; nil is UTF-8, or UTF-16 where the
// byte order mark says so. An error names what the file is instead.
func plain(in *bufio.Reader, enc encoding.Encoding) (io.Reader, error) {
	head, err := in.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, fmt.Errorf("this is %s", f.what)
		}
	}
	if name := unmarked(in); name != "" && enc == nil {
		return nil, &unmarkedError{name}
	}
	if enc == nil {
		enc = encoding.Nop
	}
	return transform.NewReader(in, unicode.BOMOverride(enc.NewDecoder())), nil
}

// maxUnmarked is how much of a text is looked at for its encoding, in bytes.
const maxUnmarked = 1024

// unmarked is the name of UTF-16 in which a text is without a byte order mark: every other byte of its blanks, digits and separators is zero, and hardly one of
// the others. It is empty for other texts. Nothing is read.
func unmarked(in *bufio.Reader) string {
	head, _ := in.Peek(min(in.Buffered(), maxUnmarked))
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return ""
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch few := max(len(head)/32, 1); {
	case zeros[1] > few && zeros[1] > 4*zeros[0]:
		return "utf-16le"
	case zeros[0] > few && zeros[0] > 4*zeros[1]:
		return "utf-16be"
	}
	return ""
}

// unmarkedError says of a text that it is in UTF-16. None of several mappings fits it.
type unmarkedError struct{ encoding string }

func (e *unmarkedError) Error() string {
	return "this looks like UTF-16 without a byte order mark; say encoding: " + e.encoding + " in a mapping, or save it as UTF-8"
}

func (*unmarkedError) Is(target error) bool { return target == ErrNoMapping }

var errNotUTF8 = errors.New("it is not UTF-8; name the encoding in the mapping, such as encoding: windows-1251")

// parseEncoding finds an encoding by its name on the web, such as windows-1251 (https://encoding.spec.whatwg.org/#names-and-labels).
func parseEncoding(name string) (encoding.Encoding, error) {
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, err
	}
	if canonical, err := htmlindex.Name(enc); err == nil && canonical == "utf-8" {
		return nil, nil //nolint:nilnil // no transformation
	}
	return enc, nil
}
