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

		"names:\n  " + strings.Repeat("[", 4000): "line 2: brackets are within more than 100 others",
		strings.Repeat("{a: ", 4000):             "line 1: brackets are within more than 100 others",
	} {
		var into struct {
			Names []struct{ Name string } `yaml:"names"`
		}
		if err := strictyaml.Unmarshal([]byte(text), &into); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q", text, err, want)
		}
	}
}

func TestFileWithoutKeysLeavesTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing yet\n", "---\n# nothing yet\n"} {
		into := struct {
			Topic string `yaml:"topic"`
		}{"dwell.events"}
		if err := strictyaml.Unmarshal([]byte(text), &into); err != nil || into.Topic != "dwell.events" {
			t.Errorf("%q: got topic %q and error %v, want the default", text, into.Topic, err)
		}
	}
}

func TestSecondDocumentIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"topic: a\n---\ntopic: b\n":   "more than one document",
		"---\ntopic: a\n---\n# end\n": "",
		"%YAML 1.2\n---\ntopic: a\n":  "",
	} {
		var into struct {
			Topic string `yaml:"topic"`
		}
		err := strictyaml.Unmarshal([]byte(text), &into)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got error %v, want %q", text, err, want)
		}
		if want == "" && into.Topic != "a" {
			t.Errorf("%q: got topic %q", text, into.Topic)
		}
	}
}
