package broker_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dwell/deploy/embedded/broker"
	"dwell/deploy/embedded/broker/brokertest"
)

// TestLostOrDamagedStateIsNamedAndLeftAsItIs removes or cuts each file that kfake keeps beside the log and that a start needs. A topic
// that is not listed any more would mix its records with those of a new one.
func TestLostOrDamagedStateIsNamedAndLeftAsItIs(t *testing.T) {
	whole := stopped(t)
	for _, story := range []struct{ file, how, says string }{
		{"meta.json", "gone", "from any other data folder"},
		{"meta.json", "cut", "from any other data folder"},
		{"meta.json", "empty", "from a copy"},
		{"topics.json", "gone", "from a copy"},
		{"topics.json", "cut", "from a copy"},
		{"topics.json", "renamed", "is not in"},
		{"seq_windows.json", "cut", "or remove it"},
	} {
		t.Run(story.file+" "+story.how, func(t *testing.T) {
			dir := copyOf(t, whole)
			file := filepath.Join(dir, story.file)
			damageState(t, file, story.how)
			was := filesOf(t, dir)
			for range 2 {
				err := startOn(t, dir, discard)
				wantLine(t, err, fmt.Sprintf("%q", file))
				wantLine(t, err, story.says)
				if now := filesOf(t, dir); now != was {
					t.Errorf("the folder was\n%s\nand is\n%s", was, now)
				}
			}
		})
	}
}

// TestFIFOInPlaceOfAFileIsNamed puts a FIFO where each kind of file in the folder is, which would be waited for without end.
func TestFIFOInPlaceOfAFileIsNamed(t *testing.T) {
	whole := stopped(t)
	for _, name := range []string{"meta.json", "acls.json", "sums.json", "groups.log", "pids.log", "marks/" + topic + ".ends", "partitions/" + topic + "-0/0.dat", "partitions/" + topic + "-0/snapshot.json"} {
		t.Run(name, func(t *testing.T) {
			dir := copyOf(t, whole)
			file := filepath.Join(dir, name)
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mkfifo(file, 0o600); err != nil {
				t.Fatal(err)
			}
			err := startOn(t, dir, discard)
			wantLine(t, err, fmt.Sprintf("%q is not a regular file (prw-------): put it back from a copy of the data folder, or move it away", file))
		})
	}
}

// TestDamagedStateThatIsNotUsedIsMadeAnew with a log line.
func TestDamagedStateThatIsNotUsedIsMadeAnew(t *testing.T) {
	whole := stopped(t)
	for _, name := range []string{"acls.json", "broker_configs.json", "quotas.json", "sasl.json"} {
		for _, how := range []string{"cut", "empty"} {
			dir := copyOf(t, whole)
			damageState(t, filepath.Join(dir, name), how)
			var log bytes.Buffer
			if err := startOn(t, dir, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
				t.Errorf("%s %s: %v", name, how, err)
			}
			if strings.Count(log.String(), "made anew") != 1 || !strings.Contains(log.String(), filepath.Join(dir, name)) {
				t.Errorf("%s %s: log %s", name, how, log.String())
			}
			addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir))
			read(t, addr, 0, 10)
			stop()
		}
	}
}

// stopped is a folder with ten records that was stopped in order.
func stopped(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	addr, stop := brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 1))
	write(t, addr, 0, 0, 10)
	stop()
	return dir
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func damageState(t *testing.T, file, how string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	switch how {
	case "gone":
		err = os.Remove(file)
	case "cut":
		err = os.WriteFile(file, text[:len(text)-1], 0o600)
	case "empty":
		err = os.WriteFile(file, nil, 0o600)
	case "renamed": // a bit of the topic's name
		err = os.WriteFile(file, bytes.Replace(text, []byte(topic), []byte("dwell.evends"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// startOn starts a broker on the folder, and stops it again.
func startOn(t *testing.T, dir string, log *slog.Logger) error {
	t.Helper()
	b, err := broker.New(broker.Config{DataDir: dir}, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		_, _ = b.Addr(ctx)
		stop()
	}()
	return b.Run(ctx)
}

// filesOf are the files with what is in them, but for that of the owner.
func filesOf(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == "lock" {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		fmt.Fprintf(&all, "%s %x\n", path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
