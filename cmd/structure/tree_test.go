package structure

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "dwell"

// root is the repository's top folder, seen from this package's.
const root = "../.."

// source is one Go file.
type source struct {
	path    string // from the top folder, with slashes
	imports []string
	syntax  *ast.File
	lines   int
}

func (s source) folder() string { return path.Dir(s.path) }
func (s source) test() bool     { return strings.HasSuffix(s.path, "_test.go") }

// allPaths lists the files and folders of the repository, without what tools write.
func allPaths(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		p = filepath.ToSlash(strings.TrimPrefix(p, root))
		p = strings.TrimPrefix(p, "/")
		if d.IsDir() && (slices.Contains([]string{".git", ".cache", "bin", "data"}, p) || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if p != "" {
			all = append(all, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sources parses every Go file.
func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	set := token.NewFileSet()
	var all []source
	for _, p := range allPaths(t) {
		if path.Ext(p) != ".go" || strings.Contains(p, "testdata/") {
			continue
		}
		text := read(t, p)
		file, err := parser.ParseFile(set, p, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s := source{path: p, syntax: file, lines: bytes.Count(text, []byte("\n"))}
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			s.imports = append(s.imports, name)
		}
		all = append(all, s)
	}
	return set, all
}

func read(t *testing.T, p string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTopFolders(t *testing.T) {
	allowed := []string{"cmd", "ingest", "metrics", "dashboards", "deploy", "grafana"}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		built := e.Name() == "bin" || e.Name() == "data"
		if e.IsDir() && !built && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s: not one of the top folders %v", e.Name(), allowed)
		}
	}
}

// A name that fits everything says nothing about what is inside.
func TestFoldersHaveSpecificNames(t *testing.T) {
	for _, p := range allPaths(t) {
		for _, vague := range []string{"utils", "util", "common", "helpers", "types", "pkg", "misc", "lib"} {
			if slices.Contains(strings.Split(p, "/"), vague) || path.Base(p) == vague+".go" {
				t.Errorf("%s: %q names nothing", p, vague)
			}
		}
	}
}

func TestOneIdeaPerFile(t *testing.T) {
	const most = 450
	_, all := sources(t)
	for _, s := range all {
		if s.lines > most && !ast.IsGenerated(s.syntax) {
			t.Errorf("%s: %d lines, more than %d: it holds more than one idea", s.path, s.lines, most)
		}
	}
}

// Every package says in its package comment what it promises.
func TestEveryPackageOpensWithAComment(t *testing.T) {
	_, all := sources(t)
	opened := map[string]bool{}
	for _, s := range all {
		if !s.test() {
			opened[s.folder()] = opened[s.folder()] || s.syntax.Doc != nil
		}
	}
	for folder, ok := range opened {
		if !ok {
			t.Errorf("%s: no package comment", folder)
		}
	}
}
