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
	if enc == nil {
		enc = encoding.Nop
	}
	return transform.NewReader(in, unicode.BOMOverride(enc.NewDecoder())), nil
}

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
