package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"dwell/deploy/embedded/fulldisk"
)

// runWithMounts runs this program again, with args, in a namespace in which it may mount, and returns its exit code.
func runWithMounts(ctx context.Context, args []string) (code int, err error) {
	runtime.LockOSThread() // on Linux a child gets a signal when the thread ends that started it
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	fulldisk.Namespace(cmd)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// tryFullDisk mounts and fills a disk, and returns why it cannot.
func tryFullDisk(dir string) error {
	probe := filepath.Join(dir, "probe")
	d, err := fulldisk.New(probe)
	if err == nil {
		err = errors.Join(d.Fill(), d.Close())
	}
	return errors.Join(err, os.Remove(probe))
}
