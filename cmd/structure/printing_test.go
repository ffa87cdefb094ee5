package structure

import (
	"go/ast"
	"slices"
	"testing"
)

// What a command prints may have come from outside, so it goes where that is made visible: through the writers that run gives to each
// command, and tables and CSV through their own.
func TestCommandsPrintThroughVisible(t *testing.T) {
	const at = "cmd/dwell"
	printed := map[string][]string{
		"os":  {"Stdout", "Stderr"},
		"fmt": {"Print", "Printf", "Println"},
	}
	// run gets both, and the child of ClickHouse prints through a run of its own.
	allowed := []string{"cmd/dwell/main.go", "cmd/dwell/app/clickhouse.go"}
	set, all := sources(t)
	for _, s := range all {
		if s.test() || !within(s.folder(), at) {
			continue
		}
		for _, name := range s.imports {
			if name == "text/tabwriter" || name == "encoding/csv" {
				t.Errorf("%s imports %q: use dashboards/visible", s.path, name)
			}
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if n, ok := n.(*ast.SelectorExpr); ok && !slices.Contains(allowed, s.path) {
				if p, ok := n.X.(*ast.Ident); ok && slices.Contains(printed[p.Name], n.Sel.Name) {
					t.Errorf("%s: %s.%s: print to the env of the command", set.Position(n.Pos()), p.Name, n.Sel.Name)
				}
			}
			return true
		})
	}
}
