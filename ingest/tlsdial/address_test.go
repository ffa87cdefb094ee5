package tlsdial_test

import (
	"strings"
	"testing"

	"dwell/ingest/tlsdial"
)

func TestAddressesThatNoServerHasAreRefused(t *testing.T) {
	for address, want := range map[string]string{
		"kafka-1:9092":  "",
		"[::1]:9440":    "",
		"kafka-1":       `"kafka-1" is not host:port`,
		":9092":         `":9092" is not host:port`,
		"kafka-1:":      `"kafka-1:" is not host:port`,
		"kafka-1:99999": `"kafka-1:99999" has port "99999", which is not in 1..65535`,
		"kafka-1:0":     `has port "0"`,
		"kafka-1:-1":    `has port "-1"`,
		"kafka-1:tls":   `has port "tls"`,
	} {
		err := tlsdial.CheckAddress(address)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got error %v, want %q", address, err, want)
		}
	}
}
