package structure

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// go test succeeds where a pattern matches no test, so a test that is renamed would silently be left out of make.
func TestPatternsOfTheMakefileMatchTests(t *testing.T) {
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	patterns := regexp.MustCompile(`go test .*-run (\w+) \./(\S+)`).FindAllStringSubmatch(string(text), -1)
	if len(patterns) == 0 {
		t.Fatal("the Makefile runs no test by its name")
	}
	for _, p := range patterns {
		files, err := filepath.Glob(filepath.Join("../..", p[2], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		test, found := regexp.MustCompile(`func \w*`+p[1]), false
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || test.Match(source)
		}
		if !found {
			t.Errorf("-run %s matches no test of %s", p[1], p[2])
		}
	}
}
