package fulldisk

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Namespace has a command run in a mount namespace of its own, where it may mount.
func Namespace(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings:  []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		Pdeathsig:    syscall.SIGTERM,
	}
}

func mount(dir string) error {
	return os.NewSyscallError("mount", syscall.Mount("dwell", dir, "tmpfs", 0, ""))
}

// unmount leaves open files usable until they are closed.
func unmount(dir string) error {
	return os.NewSyscallError("unmount", syscall.Unmount(dir, syscall.MNT_DETACH))
}

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
