// Package fulldisktest gives a test a disk that runs full.
package fulldisktest

import (
	"os"
	"os/exec"
	"testing"

	"dwell/deploy/embedded/fulldisk"
)

// variable says that this test runs where it may mount.
const variable = "DWELL_FULLDISKTEST"

// Mount runs the test once more, in a process that may mount, and returns the disk there. Here it returns nil when that
// process has ended, and the test is over. Where mounting is not allowed the test is skipped.
func Mount(t *testing.T) *fulldisk.Disk {
	t.Helper()
	if os.Getenv(variable) == "" {
		again(t)
		return nil
	}
	d, err := fulldisk.New(t.TempDir())
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func again(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), variable+"=1")
	fulldisk.Namespace(cmd)
	out, err := cmd.CombinedOutput()
	if cmd.Process == nil {
		t.Skipf("this machine does not allow mounting: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// Fill leaves no room.
func Fill(t *testing.T, d *fulldisk.Disk) {
	t.Helper()
	if err := d.Fill(); err != nil {
		t.Fatal(err)
	}
}

// Free makes room.
func Free(t *testing.T, d *fulldisk.Disk) {
	t.Helper()
	if err := d.Free(); err != nil {
		t.Fatal(err)
	}
}
