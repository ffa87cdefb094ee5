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

// Cursor is where a page of visits begins: after the one with this instant, place and id.
type Cursor struct {
	AtMs         int64
	Place, Visit string
}

var cursorCode = base64.RawURLEncoding.Strict()

// Text is the cursor as callers carry it. It begins with a hash of what it belongs to, which is VisitsQuery.Pages, and of the rest: one of
// other pages, or one that was cut short, would leave visits out in silence.
func (c Cursor) Text(pages string) string {
	rest := strconv.FormatInt(c.AtMs, 10) + " " + c.Place + " " + c.Visit
	return cursorCode.EncodeToString(append(cursorHash(pages, rest), rest...))
}

const cursorHashBytes = 8

func cursorHash(pages, rest string) []byte {
	return binary.BigEndian.AppendUint64(nil, xxhash.Sum64String(pages+"\x00"+rest))
}

// ParseCursor reads a cursor that one of these pages gave.
func ParseCursor(text, pages string) (Cursor, error) {
	raw, err := cursorCode.DecodeString(text)
	if err != nil || len(raw) < cursorHashBytes {
		return Cursor{}, fmt.Errorf("%q is not a cursor", text)
	}
	hash, rest := raw[:cursorHashBytes], string(raw[cursorHashBytes:])
	if !bytes.Equal(hash, cursorHash(pages, rest)) {
		return Cursor{}, fmt.Errorf("%q is a cursor of another place or filter, or not all of one", text)
	}
	ms, key, _ := strings.Cut(rest, " ")
	place, visit, ok := strings.Cut(key, " ") // the id of a place has no space
	at, err := strconv.ParseInt(ms, 10, 64)
	if !ok || err != nil {
		return Cursor{}, fmt.Errorf("%q is not a cursor", text)
	}
	return Cursor{at, place, visit}, nil
}
