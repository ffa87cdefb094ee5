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
