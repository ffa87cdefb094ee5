package main

import (
	"bytes"
	"time"

	"github.com/buger/jsonparser"
)

// aheadMost is how far, in milliseconds, an event may be ahead of its record.
const aheadMost = 5 * 60 * 1000

// event is an arrival or a release. Its bytes alias the message.
type event struct {
	release    bool
	visit, bcp []byte
	at         int64 // Unix milliseconds
}

var arrived, released = []byte("dwell.truck.arrived.v1"), []byte("dwell.truck.released.v1")

// mayCount says of most messages that do not count that they do not, without reading their JSON.
func mayCount(message []byte) bool {
	return bytes.Contains(message, arrived) || bytes.Contains(message, released)
}

var paths = [][]string{{"type"}, {"subject"}, {"time"}, {"data", "bcp"}}

// read is the event in a message, if it counts.
func read(message []byte) (e event, ok bool) {
	found := 0
	jsonparser.EachKey(message, func(path int, value []byte, kind jsonparser.ValueType, err error) {
		if err != nil || kind != jsonparser.String {
			return
		}
		found++
		switch path {
		case 0:
			e.release = bytes.Equal(value, released)
			ok = e.release || bytes.Equal(value, arrived)
		case 1:
			e.visit = value
		case 2:
			at, err := time.Parse(time.RFC3339Nano, string(value))
			if err != nil {
				found--
			}
			e.at = at.UnixMilli()
		case 3:
			e.bcp = value
		}
	}, paths...)
	return e, ok && found == len(paths)
}
