package structure

import (
	"bufio"
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// code is text that a document marks as code: a span in backticks, or a line of a fenced block.
type code struct {
	line   int
	text   string
	fenced bool
}

// link is the target of a link in a document.
type link struct {
	line   int
	target string
}

type document struct {
	path  string
	code  []code
	links []link
}

var (
	spanForm = regexp.MustCompile("`([^`]+)`")
	linkForm = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

func documents(t *testing.T) []document {
	t.Helper()
	var all []document
	for _, p := range allPaths(t) {
		if path.Ext(p) != ".md" || strings.Contains(p, "testdata/") {
			continue
		}
		d := document{path: p}
		fenced := false
		lines := bufio.NewScanner(bytes.NewReader(read(t, p)))
		for n := 1; lines.Scan(); n++ {
			text := lines.Text()
			if strings.HasPrefix(strings.TrimSpace(text), "```") {
				fenced = !fenced
				continue
			}
			if fenced {
				d.code = append(d.code, code{n, text, true})
				continue
			}
			for _, m := range spanForm.FindAllStringSubmatch(text, -1) {
				d.code = append(d.code, code{n, m[1], false})
			}
			for _, m := range linkForm.FindAllStringSubmatch(spanForm.ReplaceAllString(text, ""), -1) {
				d.links = append(d.links, link{n, m[1]})
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

var (
	pathLike      = regexp.MustCompile(`^\.?[A-Za-z0-9_][A-Za-z0-9_./-]*$`)
	ownExtensions = []string{".go", ".md", ".sql", ".sh"}
)

func TestPathsInDocumentsExist(t *testing.T) {
	exists := map[string]bool{}
	names := map[string]bool{}
	top := map[string]bool{}
	for _, p := range allPaths(t) {
		exists[p], names[path.Base(p)] = true, true
		if first, _, nested := strings.Cut(p, "/"); nested {
			top[first] = true
		}
	}
	for _, d := range documents(t) {
		for _, c := range d.code {
			if c.fenced || !pathLike.MatchString(c.text) {
				continue
			}
			p := strings.TrimSuffix(c.text, "/")
			first, _, nested := strings.Cut(p, "/")
			switch {
			case exists[path.Join(path.Dir(d.path), p)] || exists[p]:
			case nested && top[first]:
				t.Errorf("%s:%d: %s does not exist", d.path, c.line, p)
			case !nested && slices.Contains(ownExtensions, path.Ext(p)) && !names[p]:
				t.Errorf("%s:%d: no file is named %s", d.path, c.line, p)
			}
		}
		for _, l := range d.links {
			target, _, _ := strings.Cut(l.target, "#")
			if target != "" && !strings.Contains(target, ":") && !exists[path.Join(path.Dir(d.path), target)] {
				t.Errorf("%s:%d: broken link: %s", d.path, l.line, l.target)
			}
		}
	}
}

func TestMakeTargetsInDocumentsExist(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z]+):`).FindAllSubmatch(read(t, "Makefile"), -1) {
		targets[string(m[1])] = true
	}
	makeCommand := regexp.MustCompile(`(?:^|[;&|$] *)make ([a-z]+)`)
	for _, d := range documents(t) {
		for _, c := range d.code {
			for _, m := range makeCommand.FindAllStringSubmatch(strings.TrimSpace(c.text), -1) {
				if !targets[m[1]] {
					t.Errorf("%s:%d: the Makefile has no target %s", d.path, c.line, m[1])
				}
			}
		}
	}
}
