package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDurationThatCannotBeReadIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		"retention: {visits: 30d}":                          `retention.visits: "30d" is not a duration; write it as hours, minutes and seconds with their units, such as 720h, 1h30m or 0s`,
		"retention:\n  visits: 720h\n  events: 0":           `retention.events: "0" is not a duration`,
		"retention: {dead_letters: 9999999h}":               `retention.dead_letters: "9999999h" is not a duration`,
		"engine: {watermark_delay: soon}":                   `engine.watermark_delay: "soon" is not a duration`,
		"retention: {visits: 720h, events: 720h, visit: 1}": `unknown field "visit"`,
	} {
		file := filepath.Join(t.TempDir(), "dwell.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadConfig(file, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
