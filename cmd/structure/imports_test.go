package structure

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// core are the packages that the numbers rest on. They are pure: the same input always gives the same output.
var core = []string{
	"ingest/annotation", "ingest/event", "ingest/place", "ingest/simulator", "ingest/strictyaml",
	"dashboards/verdict/baseline", "metrics/hours", "dashboards/verdict", "metrics/visit", "metrics/window", "metrics/engine",
	"metrics/calendar", "metrics/engine/mem", "metrics/presume", "metrics/reliability", "metrics/usual", "metrics/variation",
	"cmd/bench/workload",
}

// pure is what core packages may import besides one another. Nothing here does I/O, keeps a clock or starts a goroutine.
var pure = []string{
	"bytes", "cmp", "container/heap", "embed", "encoding/binary", "encoding/csv", "encoding/hex", "errors", "fmt", "hash/maphash", "io", "iter",
	"maps", "math", "math/bits", "math/rand/v2", "reflect", "regexp", "slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf16",
	"unicode/utf8", "unsafe",
	"github.com/bits-and-blooms/bloom/v3",
	"github.com/cespare/xxhash/v2",
	"github.com/goccy/go-yaml",
}

// impure are the functions of the packages above that are not.
var impure = map[string][]string{
	"time": {
		"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local",
	},
	"fmt": {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	// The functions of the package itself draw from a source that is seeded by chance.
	"math/rand/v2": {
		"ExpFloat64", "Float32", "Float64", "Int", "Int32", "Int32N", "Int64", "Int64N", "IntN", "N", "NormFloat64", "Perm",
		"Shuffle", "Uint", "Uint32", "Uint32N", "Uint64", "Uint64N", "UintN",
	},
	"hash/maphash": {"MakeSeed"},
}

func isCore(folder string) bool { return slices.Contains(core, folder) }

// within reports whether the folder is one of the parents or in one.
func within(folder string, parents ...string) bool {
	return slices.ContainsFunc(parents, func(p string) bool { return folder == p || strings.HasPrefix(folder, p+"/") })
}

// ours is the folder of an import of this module, or "".
func ours(name string) string {
	folder, found := strings.CutPrefix(name, module+"/")
	if !found {
		return ""
	}
	return folder
}

func TestCoreImportsOnlyPurePackages(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if !isCore(s.folder()) || s.test() {
			continue
		}
		for _, name := range s.imports {
			if !isCore(ours(name)) && !within(name, pure...) {
				t.Errorf("%s imports %q, which is not known to be pure", s.path, name)
			}
		}
	}
}

func TestCoreHasNoClockNoRandomnessAndNoGoroutine(t *testing.T) {
	set, all := sources(t)
	for _, s := range all {
		if !isCore(s.folder()) || s.test() {
			continue
		}
		names := map[string][]string{}
		for i, spec := range s.syntax.Imports {
			name := s.imports[i]
			local := name[strings.LastIndex(name, "/")+1:]
			if name == "math/rand/v2" {
				local = "rand"
			}
			if spec.Name != nil {
				local = spec.Name.Name
			}
			names[local] = impure[name]
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a goroutine in a pure package", set.Position(n.Pos()))
			case *ast.SelectorExpr:
				if p, ok := n.X.(*ast.Ident); ok && slices.Contains(names[p.Name], n.Sel.Name) {
					t.Errorf("%s: %s.%s in a pure package", set.Position(n.Pos()), p.Name, n.Sel.Name)
				}
			}
			return true
		})
	}
}

// The containers of the engine store anything, so they know nothing of what they store.
func TestMemoryImportsNoDomainPackage(t *testing.T) {
	const memory = "metrics/engine/mem"
	_, all := sources(t)
	for _, s := range all {
		for _, name := range s.imports {
			if within(s.folder(), memory) && ours(name) != "" {
				t.Errorf("%s imports %q", s.path, name)
			}
		}
	}
}

// stages are in the order of the data: each may import itself and what comes before it.
var stages = []string{"ingest", "metrics", "dashboards"}

func stage(folder string) int {
	return slices.IndexFunc(stages, func(s string) bool { return within(folder, s) })
}

func TestImportsPointAgainstTheFlowOfData(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if s.test() || within(s.folder(), "cmd") {
			continue
		}
		for _, name := range s.imports {
			folder := ours(name)
			switch {
			case folder == "":
			case within(folder, "cmd"):
				t.Errorf("%s imports %q: only commands import commands", s.path, name)
			case within(s.folder(), "deploy") || within(folder, "deploy"):
				if !within(s.folder(), "deploy") || !within(folder, "deploy") {
					t.Errorf("%s imports %q: only commands and tests join deploy to the rest", s.path, name)
				}
			case stage(s.folder()) < 0:
				t.Errorf("%s imports %q: it is of no stage", s.path, name)
			case stage(folder) > stage(s.folder()):
				t.Errorf("%s imports %q: %s does not know %s", s.path, name, stages[stage(s.folder())], stages[stage(folder)])
			}
		}
	}
}

// libraries are those that one folder alone of the product may import, so that their types stay in it. Programs that try the product as
// its clients do have no other way.
var libraries = map[string]string{
	"github.com/gorilla/websocket": "dashboards/ws",
}

func TestLibrariesStayInTheirAdapter(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		for _, name := range s.imports {
			if folder := libraries[name]; folder != "" && !s.test() && !within(s.folder(), folder, "cmd/bench", "cmd/chaos") {
				t.Errorf("%s imports %q, which only %s may", s.path, name, folder)
			}
		}
	}
}

// stores read the tables for what is shown; consumers say by interfaces of their own what they take from them.
func TestOnlyTheRootOfDashboardsImportsTheQueries(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if within(s.folder(), "dashboards") && !within(s.folder(), "dashboards/query") && !s.test() && slices.Contains(s.imports, module+"/dashboards/query") {
			t.Errorf("%s imports %q: its interface is of its own types, or of the overview's", s.path, "dashboards/query")
		}
	}
}

// The benchmarks are a module of their own: an import of theirs would bring their dependencies back into the product's.
func TestProductDoesNotImportBenchmarks(t *testing.T) {
	const benchmarks = "cmd/bench"
	_, all := sources(t)
	for _, s := range all {
		if within(s.folder(), benchmarks) {
			continue
		}
		for _, name := range s.imports {
			if within(ours(name), benchmarks) {
				t.Errorf("%s imports %q, of the module %s/%s", s.path, name, module, benchmarks)
			}
		}
	}
}

// adapters join the core to one thing outside each. The folders within one are parts of it and may know one another.
var adapters = []string{
	"ingest/kafka",
	"ingest/normalize",
	"ingest/poll",
	"ingest/receiver",
	"metrics/audit",
	"metrics/clickhouse",
	"metrics/prom",
	"metrics/tracing",
	"dashboards",
	"deploy/embedded/broker",
	"deploy/embedded/clickhouse",
}

func adapter(folder string) int {
	return slices.IndexFunc(adapters, func(a string) bool { return within(folder, a) })
}

func TestAdaptersDoNotImportOneAnother(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		from := adapter(s.folder())
		if from < 0 || s.test() {
			continue
		}
		for _, name := range s.imports {
			if to := adapter(ours(name)); to >= 0 && to != from {
				t.Errorf("%s imports %q: adapters meet in cmd", s.path, name)
			}
		}
	}
}

// Interfaces live with their consumer, so what drives the adapters knows none of them.
func TestPipelineImportsNoAdapter(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if s.test() || !within(s.folder(), "metrics/pipeline") {
			continue
		}
		for _, name := range s.imports {
			if adapter(ours(name)) >= 0 {
				t.Errorf("%s imports %q", s.path, name)
			}
		}
	}
}
