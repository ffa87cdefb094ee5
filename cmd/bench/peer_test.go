package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/broker/brokertest"
)

// A peer is a command whose arguments name broker, topic and result, and whose success counts only with the line "done".
func TestPeerMustExitWithZeroAndPrintDone(t *testing.T) {
	b := &bed{broker: &broker{addr: brokertest.Start(t)}}
	for _, peers := range []struct{ script, want string }{
		{`test "$1" = bench.events && test "$2" = bench.result.x && test "$3" = 8 && test -d "$4" && echo done 20000`, ""},
		{`echo done 20000; exit 3`, "exit status 3"},
		{`echo no more memory`, "did not say that it was done\nno more memory"},
	} {
		j := &job{id: "x", topic: "bench.events", dir: t.TempDir(), size: size{Partitions: 8}}
		p := peer{called: "script", runs: []string{"sh", "-c", peers.script, "sh", "{topic}", "{result}", "{partitions}", "{dir}"}}
		_, err := p.run(t.Context(), b, j)
		if peers.want == "" && err != nil {
			t.Errorf("%s: %v", peers.script, err)
		}
		if peers.want != "" && (err == nil || !strings.Contains(err.Error(), peers.want)) {
			t.Errorf("%s: %v, want %q", peers.script, err, peers.want)
		}
		got, err := p.result(t.Context(), b, j)
		if err != nil || len(got) > 0 {
			t.Errorf("the result is %v, %v, want an empty one", got, err)
		}
	}
}

func TestEngineIsFoundByItsName(t *testing.T) {
	known := map[string]bool{}
	for _, e := range engines {
		if got, err := engineNamed(e.name()); err != nil || got.name() != e.name() || known[e.name()] {
			t.Errorf("%q: %v", e.name(), err)
		}
		known[e.name()] = true
	}
	if _, err := engineNamed("storm"); err == nil || !strings.Contains(err.Error(), `engine "storm" is not supported; use one of dwell, `) {
		t.Errorf("an unknown engine: %v", err)
	}
}

// Two engines of one folder are built once.
func TestSharedBuildRunsOnce(t *testing.T) {
	made := filepath.Join(t.TempDir(), "made")
	p := peer{called: "script", builds: [][]string{{"sh", "-c", "echo built >> " + made}}}
	if err := build(t.Context(), []*entry{{engine: p}, {engine: dwell{}}, {engine: p}}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(made); err != nil || string(text) != "built\n" {
		t.Errorf("%q, %v", text, err)
	}
	bad := peer{called: "script", builds: [][]string{{"sh", "-c", "echo no compiler; exit 1"}}}
	if err := build(t.Context(), []*entry{{engine: bad}}); err == nil || !strings.Contains(err.Error(), "no compiler") {
		t.Errorf("a build that fails: %v", err)
	}
}
