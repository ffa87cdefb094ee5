package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// After an update the keys of the earlier version are still in a file, or in the variables of a container.
func TestRemovedKeysAreReportedWithTheWayOut(t *testing.T) {
	for key, want := range removed {
		text := ""
		for depth, name := range strings.Split(key, ".") {
			text += "\n" + strings.Repeat("  ", depth) + name + ":"
		}
		file := filepath.Join(t.TempDir(), "dwell.yaml")
		if err := os.WriteFile(file, []byte(text+" native\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, inFile := ReadConfig(file, nil)
		_, inEnvironment := ReadConfig("", []string{variable(key) + "=native"})
		for _, err := range []error{inFile, inEnvironment} {
			if err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
				t.Errorf("%s: error is %v, want %s", key, err, want)
			}
		}
	}
}
