package overview

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// Cursor is where a page of visits begins: after this arrival and visit.
type Cursor struct {
	ArrivedMs int64
	Visit     string
}

var cursorCode = base64.RawURLEncoding.Strict()

// Text is the cursor as callers carry it. It begins with a hash of the place and the filter of its pages and of the rest, since one of
// other pages, or one that was cut short, would leave visits out in silence.
func (c Cursor) Text(place string, f Filter) string {
	rest := strconv.FormatInt(c.ArrivedMs, 10) + " " + c.Visit
	return cursorCode.EncodeToString(append(cursorHash(place, f, rest), rest...))
}

const cursorHashBytes = 8

func cursorHash(place string, f Filter, rest string) []byte {
	of := strings.Join([]string{place, f.Direction, f.Channel, f.Regime, rest}, "\x00")
	return binary.BigEndian.AppendUint64(nil, xxhash.Sum64String(of))
}

// ParseCursor reads a cursor that a page of the place and the filter gave.
func ParseCursor(text, place string, f Filter) (Cursor, error) {
	raw, err := cursorCode.DecodeString(text)
	if err != nil || len(raw) < cursorHashBytes {
		return Cursor{}, fmt.Errorf("%q is not a cursor", text)
	}
	hash, rest := raw[:cursorHashBytes], string(raw[cursorHashBytes:])
	if !bytes.Equal(hash, cursorHash(place, f, rest)) {
		return Cursor{}, fmt.Errorf("%q is a cursor of another place or filter, or not all of one", text)
	}
	ms, visit, ok := strings.Cut(rest, " ")
	at, err := strconv.ParseInt(ms, 10, 64)
	if !ok || err != nil {
		return Cursor{}, fmt.Errorf("%q is not a cursor", text)
	}
	return Cursor{at, visit}, nil
}
