package broker

import (
	"testing"
	"time"
)

// SetRequestTimeout sets for one test, before it starts a broker, how long a request may take to arrive.
func SetRequestTimeout(t *testing.T, d time.Duration) {
	before := requestTimeout
	requestTimeout = d
	t.Cleanup(func() { requestTimeout = before })
}

// SetSegmentBytes sets for one test, before it starts a broker, the size of a log's segments.
func SetSegmentBytes(t *testing.T, n int) {
	before := segmentBytes
	segmentBytes = n
	t.Cleanup(func() { segmentBytes = before })
}
