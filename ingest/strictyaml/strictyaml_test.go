package strictyaml_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"dwell/ingest/strictyaml"
)

func TestUnreadableDocumentsAndUnknownKeysAreErrors(t *testing.T) {
	for text, want := range map[string]string{
		"names:\n !- ":  "cannot be read as YAML",
		"nicknames: []": `unknown field "nicknames"`,
		"names: [a":     "sequence end token",

		"names:\n  " + strings.Repeat("[", 4000): "line 2: values are within more than 32 others",
		strings.Repeat("{a: ", 4000):             "line 1: values are within more than 32 others",
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

// A mapping of 766 bytes must not keep the program from ending.
func TestFilesThatGrowInMemoryAreRefused(t *testing.T) {
	deep := "names:\n"
	for i := range 40 {
		deep += strings.Repeat(" ", i+1) + "a:\n"
	}
	merged := "x0: &x0 {a: b}\n"
	for i := range 11 {
		merged += fmt.Sprintf("x%d: &x%d {<<: [%s]}\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*x%d,", i), 10))
	}
	const anchors = "an anchor, an alias or a merge, which are not supported; write the value wherever it is used"
	for name, c := range map[string]struct{ text, want string }{
		"merges of merges": {merged, `line 1: "&" is ` + anchors},
		"an alias":         {"names: *x", `line 1: "*" is ` + anchors},
		"a merge":          {"names:\n  <<: {a: b}", `line 2: "<<" is ` + anchors},
		"dashes":           {"names:\n  " + strings.Repeat("- ", 20_000) + "x", "line 2: values are within more than 32 others"},
		"question marks":   {strings.Repeat("? ", 20_000), "line 1: values are within more than 32 others"},
		"indentation":      {deep, "line 33: values are within more than 32 others"},
		"keys":             {"names:\n" + strings.Repeat("  k: v\n", 20_000), "it has 60002 keys, values and signs between them, more than 50000"},
		"a long key":       {"names:\n  " + strings.Repeat("x", 257) + ": [1, 2]", `line 2: the key "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"... has more than 256 bytes`},
		"bytes":            {"names: " + strings.Repeat("x", 1<<20), "it has 1048583 bytes, more than 1048576"},
	} {
		var into struct {
			Names any `yaml:"names"`
		}
		if err := strictyaml.Unmarshal([]byte(c.text), &into); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
	}
}

// What is within the bounds is read as before: long lists, texts with stars, and depth that ends again.
func TestFilesWithinTheBoundsAreRead(t *testing.T) {
	var text strings.Builder
	for range 200 {
		text.WriteString("- a: {b: [1, \"*x\"]}\n  c:\n  - - d\n")
	}
	var into []struct {
		A struct{ B []any }
		C [][]string
	}
	if err := strictyaml.Unmarshal([]byte("\uFEFF"+text.String()), &into); err != nil || len(into) != 200 || into[199].C[0][0] != "d" || into[0].A.B[1] != "*x" {
		t.Errorf("got %d entries and error %v", len(into), err)
	}
}

// Ten lines above the header were eight, and a code 010 of an agency was the code 8.
func TestZeroInFrontMakesNoOctalNumber(t *testing.T) {
	const octal = "%q begins with a zero, and YAML would take it for an octal number; write it without the zero, or put quotes around a text"
	for text, want := range map[string]string{
		"skip: 010":                 "line 1: " + fmt.Sprintf(octal, "010"),
		"name: a\nskip: -07":        "line 2: " + fmt.Sprintf(octal, "-07"),
		"share: 00":                 "line 1: " + fmt.Sprintf(octal, "00"),
		"name: 010":                 "line 1: " + fmt.Sprintf(octal, "010"),
		"codes: {010: a}":           "line 1: " + fmt.Sprintf(octal, "010"),
		"codes: {a: 01}":            "line 1: " + fmt.Sprintf(octal, "01"),
		"skip: 08":                  `"08" begins with a zero; write it without`,
		"skip: '010'":               `"010" begins with a zero; write it without`,
		"name: '010'":               "",
		"name: 08":                  "",
		"codes: {'010': a, b: 0x8}": "",
		"skip: 0":                   "",
		"skip: 0o10":                "",
		"share: 0.5":                "",
	} {
		var into struct {
			Skip  int               `yaml:"skip"`
			Share float64           `yaml:"share"`
			Name  string            `yaml:"name"`
			Codes map[string]string `yaml:"codes"`
		}
		got := ""
		if err := strictyaml.Unmarshal([]byte(text), &into); err != nil {
			got = err.Error()
		}
		if got != want && (want == "" || !strings.Contains(got, want)) {
			t.Errorf("%s: %q\nwant %q", text, got, want)
		}
	}
}

// One and a half lines above the header were one.
func TestFractionIsNoWholeNumber(t *testing.T) {
	type Inner struct {
		Size uint16 `yaml:"size"`
	}
	for text, want := range map[string]string{
		"skip: 1.5":             `line 1: "1.5" is not a whole number`,
		"share: 1\nskip: '1.5'": `line 2: "1.5" is not a whole number`,
		"size: 0.5":             `line 1: "0.5" is not a whole number`,
		"of: {a: [1, 2.5]}":     `line 1: "2.5" is not a whole number`,
		"wait: 1.5":             "line 1: cannot unmarshal",
		"skip: 1.0":             "",
		"skip: 1e3":             "",
		"share: 1.5":            "",
		"name: 1.5":             "",
		"wait: 1.5s":            "",
		"skip: ~":               "",
	} {
		var into struct {
			Inner `yaml:",inline"`
			Skip  int              `yaml:"skip"`
			Share *float64         `yaml:"share"`
			Name  string           `yaml:"name"`
			Wait  time.Duration    `yaml:"wait"`
			Of    map[string][]int `yaml:"of"`
		}
		got := ""
		err := strictyaml.Unmarshal([]byte(text), &into)
		var at yaml.Error
		if errors.As(err, &at) {
			got = fmt.Sprintf("line %d: %s", at.GetToken().Position.Line, at.GetMessage())
		}
		if (err == nil) != (want == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
