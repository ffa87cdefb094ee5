package overview

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Cursor is where a page of visits begins: after this arrival and visit.
type Cursor struct {
	ArrivedMs int64
	Visit     string
}

// String is the cursor as callers carry it.
func (c Cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.ArrivedMs, 10) + " " + c.Visit))
}

// ParseCursor reads a cursor that a page gave.
func ParseCursor(text string) (Cursor, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Cursor{}, fmt.Errorf("%q is not a cursor", text)
	}
	ms, visit, ok := strings.Cut(string(raw), " ")
	at, err := strconv.ParseInt(ms, 10, 64)
	if !ok || err != nil {
		return Cursor{}, fmt.Errorf("%q is not a cursor", text)
	}
	return Cursor{at, visit}, nil
}
