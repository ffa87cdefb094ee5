package strictyaml_test

import (
	"strings"
	"testing"

	"dwell/ingest/strictyaml"
)

func TestUnreadableDocumentsAndUnknownKeysAreErrors(t *testing.T) {
	for text, want := range map[string]string{
		"names:\n !- ":  "cannot be read as YAML",
		"nicknames: []": `unknown field "nicknames"`,
		"names: [a":     "sequence end token",
	} {
		var into struct {
			Names []struct{ Name string } `yaml:"names"`
		}
		if err := strictyaml.Unmarshal([]byte(text), &into); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q", text, err, want)
		}
	}
}
