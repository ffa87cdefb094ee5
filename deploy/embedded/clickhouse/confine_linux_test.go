package clickhouse_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/clickhouse"
)

func TestConfinedProcessReachesItsFolderAlone(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for _, folder := range []string{dir, outside} {
		write(t, filepath.Join(folder, "file"), "sesame", 0o644)
		write(t, filepath.Join(folder, "program"), "#!/bin/sh\n", 0o755)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	const denied = "permission denied"
	for _, c := range []struct{ do, with, want string }{
		{"read", filepath.Join(dir, "file"), "<nil>"},
		{"write", filepath.Join(dir, "made"), "<nil>"},
		{"list", dir, "<nil>"},
		{"read", "/proc/self/stat", "<nil>"},
		{"read", filepath.Join(outside, "file"), denied},
		{"write", filepath.Join(outside, "made"), denied},
		{"write", filepath.Join(outside, "file"), denied},
		{"list", outside, denied},
		{"run", filepath.Join(outside, "program"), denied},
		{"run", filepath.Join(dir, "program"), denied},
		{"connect", ln.Addr().String(), denied},
		{"leave", dir, "<nil>"},
		{"leave", filepath.Join(dir, "missing"), "<nil>"}, // as on a full disk, where no folder can be made
	} {
		if c.do == "connect" && !clickhouse.ConfinesConnections() {
			continue
		}
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(exe, c.do, c.with)
		child.Env = append(os.Environ(), confinedVariable+"="+dir)
		child.Stderr = os.Stderr
		text, err := child.Output()
		if err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSpace(string(text))
		if strings.HasPrefix(got, "no Landlock") {
			t.Skip(got)
		}
		if !strings.HasSuffix(got, c.want) {
			t.Errorf("%s %s: %s, want %s", c.do, c.with, got, c.want)
		}
	}
}
