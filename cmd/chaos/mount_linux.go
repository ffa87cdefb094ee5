package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// ownMounts runs this program once more with the arguments, in a mount namespace of its own, where it may mount without
// being root, and from which no mount is left when it ends, however it ends. It returns the program's exit code.
func ownMounts(ctx context.Context, args []string) (code int, err error) {
	runtime.LockOSThread() // on Linux a child gets its signal when the thread ends that started it
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		Pdeathsig:    syscall.SIGTERM,
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// mountMemory makes the folder a file system of its own, in memory.
func mountMemory(dir string) error {
	return os.NewSyscallError("mount", syscall.Mount("dwell-chaos", dir, "tmpfs", 0, ""))
}

// unmount lets what is still open go on until it is closed.
func unmount(dir string) error {
	return os.NewSyscallError("unmount", syscall.Unmount(dir, syscall.MNT_DETACH))
}

// resize gives the file system so many bytes, or a share of the memory. EINVAL says that what is on it takes more.
func resize(dir, size string) error {
	return os.NewSyscallError("remount", syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size="+size))
}

// used is how many bytes the file system holds.
func used(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("file system of %q: %w", dir, err)
	}
	return int64(s.Blocks-s.Bfree) * s.Bsize, nil
}
