package clickhouse_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// mounts says that this test runs where it may mount.
const mounts = "DWELL_TEST_CLICKHOUSE_MOUNTS"

// TestWhatWasAcknowledgedOutlivesAFullDisk lets the disk run full in the middle of inserts and merges.
func TestWhatWasAcknowledgedOutlivesAFullDisk(t *testing.T) {
	if os.Getenv(mounts) == "" {
		inOwnMounts(t)
		return
	}
	disk := t.TempDir()
	if err := syscall.Mount("dwell", disk, "tmpfs", 0, "size=50%"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	dir := filepath.Join(disk, "data")
	engine := clickhousetest.Open(t, dir)
	ask(t, at(engine, "default"), nil, "CREATE TABLE t (writer UInt8, x UInt64, s String) ENGINE = ReplacingMergeTree ORDER BY (writer, x)")

	const rows = 1000
	var writers [4]writer
	var all sync.WaitGroup
	stop := make(chan struct{})
	for w := range writers {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := writers[w].acknowledged.Load()
				if insert(engine.Addr, fmt.Sprintf("INSERT INTO t SELECT %d, number, randomPrintableASCII(100) FROM numbers(%d, %d)", w, n*rows, rows)) {
					writers[w].acknowledged.Add(1)
				} else {
					writers[w].refused.Add(1)
				}
			}
		})
	}
	for round := int64(1); round <= 10 && answers(engine.Addr); round++ {
		for w := range writers { // all of them are at work
			waitFor(t, engine.Addr, &writers[w].acknowledged, 10)
		}
		noRoom(t, disk)
		for w := range writers {
			waitFor(t, engine.Addr, &writers[w].refused, 1)
		}
		resize(t, disk, "50%")
	}
	close(stop)
	all.Wait()
	if answers(engine.Addr) {
		engine.Kill(t)
	}

	engine = clickhousetest.Open(t, dir)
	for w := range writers {
		acknowledged := writers[w].acknowledged.Load() * rows
		var have int64
		if _, err := fmt.Sscan(ask(t, at(engine, "default"), nil, fmt.Sprintf("SELECT count() FROM t FINAL WHERE writer = %d", w)), &have); err != nil {
			t.Fatal(err)
		}
		if have < acknowledged || have > acknowledged+rows {
			t.Errorf("of writer %d there are %d rows, of which %d were acknowledged", w, have, acknowledged)
		}
	}
}

type writer struct{ acknowledged, refused atomic.Int64 }

// waitFor waits until a count has grown by so much, or the engine has ended.
func waitFor(t *testing.T, addr string, count *atomic.Int64, more int64) {
	t.Helper()
	for until := count.Load() + more; count.Load() < until && answers(addr); {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func insert(addr, sql string) bool {
	response, err := http.Post("http://"+addr, "", strings.NewReader(sql))
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func answers(addr string) bool {
	response, err := http.Get("http://" + addr + "/ping")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}

// noRoom leaves no room.
func noRoom(t *testing.T, disk string) {
	t.Helper()
	for {
		var s syscall.Statfs_t
		if err := syscall.Statfs(disk, &s); err != nil {
			t.Fatal(err)
		}
		err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", int64(s.Blocks-s.Bfree)*s.Bsize))
		if err == nil {
			return
		}
		if !errors.Is(err, syscall.EINVAL) { // more has been written meanwhile
			t.Fatal(err)
		}
	}
}

func resize(t *testing.T, disk, size string) {
	t.Helper()
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size="+size); err != nil {
		t.Fatal(err)
	}
}

// inOwnMounts runs a test once more in a mount namespace of its own.
func inOwnMounts(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), mounts+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOSPC) { // as many namespaces as the machine allows
		t.Skipf("this machine lets nobody mount: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
