package web

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"dwell/metrics/window"
)

var update = flag.Bool("update", false, "write static/measures.js")

// TestMeasuresOfThePage compares measures.js with the table of measures; with -update it writes the file.
func TestMeasuresOfThePage(t *testing.T) {
	const file = "static/measures.js"
	var module strings.Builder
	module.WriteString("// What the page knows of measures. It is made of the table in metrics/window: go generate ./dashboards/web\nexport const measures = {\n")
	for _, d := range window.Definitions() {
		fmt.Fprintf(&module, "  %s: { label: %q, unit: %q, overview: %q },\n", d.Name, d.Label, d.Unit, d.Overview)
	}
	module.WriteString("};\n")
	want := []byte(module.String())
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not the table of measures: run `go generate ./dashboards/web`", file)
	}
}
