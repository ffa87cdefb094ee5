package folder

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// ownerVariable makes this binary a process that owns the folder until it is killed.
const ownerVariable = "DWELL_FOLDER_OWNER"

func TestMain(m *testing.M) {
	if path := os.Getenv(ownerVariable); path != "" {
		_, err := Own(path, 0)
		fmt.Println(err)
		select {} // until it is killed
	}
	os.Exit(m.Run())
}

// owner starts a process that owns the folder.
func owner(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), ownerVariable+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "<nil>\n" {
		t.Fatalf("the owner says %q, %v", line, err)
	}
	return cmd
}

func TestFolderInUseNamesItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "data")
	other := owner(t, path)
	_, err := Own(path, 0)
	used, ok := errors.AsType[*InUseError](err)
	if !ok || used.Process != other.Process.Pid || used.Path != path {
		t.Fatalf("%v, want the process %d", err, other.Process.Pid)
	}
	want := fmt.Sprintf("data folder %q is in use by process %d; stop it, or use another data folder", path, other.Process.Pid)
	if used.Error() != want {
		t.Errorf("%q, want %q", used.Error(), want)
	}
}

// Somebody takes the lock file for a leftover and deletes it while the owner runs.
func TestDeletedLockFileLetsNoSecondOwnerIn(t *testing.T) {
	path := t.TempDir()
	owner(t, path)
	if err := os.Remove(filepath.Join(path, "lock")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first one makes a new lock file
		f, err := Own(path, 0)
		if _, ok := errors.AsType[*InUseError](err); !ok {
			t.Fatalf("%v: the folder has a second owner", errors.Join(err, f.Release()))
		}
	}
}

// An owner leaves a note. The next one has it, also after one that had to end at once, until it leaves another one.
func TestNoteIsForTheNextOwner(t *testing.T) {
	path := t.TempDir()
	for _, story := range []struct{ found, leaves string }{{"", "sums 1"}, {"sums 1", "sums 1"}, {"sums 1", ""}, {"", "sums 2"}} {
		f, err := Own(path, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f.Note != story.found {
			t.Errorf("the note is %q, want %q", f.Note, story.found)
		}
		if story.leaves != story.found {
			if err := f.Leave(story.leaves); err != nil {
				t.Fatal(err)
			}
		}
		_, err = Own(path, 0)
		if used, ok := errors.AsType[*InUseError](err); !ok || used.Process != os.Getpid() {
			t.Errorf("%v, want the process %d", err, os.Getpid())
		}
		if err := f.Release(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKilledOwnerGivesUpItsFolder(t *testing.T) {
	path := t.TempDir()
	other := owner(t, path)
	killed := make(chan error, 1)
	go func() {
		time.Sleep(3 * tick)
		killed <- other.Process.Kill()
	}()
	f, err := Own(path, time.Minute)
	if err := errors.Join(err, <-killed); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(path, "lock")); err != nil || string(text) != fmt.Sprintln(os.Getpid()) {
		t.Errorf("the lock file says %q, %v", text, err)
	}
	if err := f.Release(); err != nil {
		t.Fatal(err)
	}
	if f, err = Own(path, 0); err != nil {
		t.Fatalf("a folder that was released: %v", err)
	}
	_ = f.Release()
}

// TestOwnersFilesAreClosedToOtherUsers: a folder that an earlier owner has left open, with whatever umask.
func TestOwnersFilesAreClosedToOtherUsers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	for _, dir := range []string{path, filepath.Join(path, "clickhouse", "store")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	open := map[string]os.FileMode{
		path: 0o755, filepath.Join(path, "clickhouse"): 0o777, filepath.Join(path, "clickhouse", "store"): 0o750,
		filepath.Join(path, "running.json"): 0o644, filepath.Join(path, "clickhouse", "store", "data.bin"): 0o640, elsewhere: 0o644,
	}
	for name, mode := range open {
		if mode&0o100 == 0 {
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(elsewhere, filepath.Join(path, "link")); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "data")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}

	before := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(before) })
	own, err := Own(link, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Release() })
	if err := own.Tighten(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(path, "kafka"), 0o777); err != nil { // as a library does
		t.Fatal(err)
	}
	want := map[string]os.FileMode{
		path: 0o700, filepath.Join(path, "clickhouse"): 0o700, filepath.Join(path, "clickhouse", "store"): 0o700,
		filepath.Join(path, "running.json"): 0o600, filepath.Join(path, "clickhouse", "store", "data.bin"): 0o600,
		filepath.Join(path, "lock"): 0o600, filepath.Join(path, "kafka"): 0o700, elsewhere: 0o644,
	}
	for name, mode := range want {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != mode {
			t.Errorf("%s has mode %04o, want %04o", name, got, mode)
		}
	}
}
