package clickhouse

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confinedVariable marks a process that confine has started.
const confinedVariable = "DWELL_CLICKHOUSE_CONFINED"

// system are the folders and files of the machine that libchdb and the C library read. Nothing else is readable but the data
// folder, the program and what confine is given.
var system = []string{
	"/usr", "/lib", "/lib64", "/proc", "/sys", "/nix/store", "/dev/null", "/dev/urandom", "/etc/localtime", "/etc/ld.so.cache",
	"/etc/nsswitch.conf", "/etc/host.conf", "/etc/hosts", "/etc/resolv.conf",
}

const (
	readable   = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	executable = unix.LANDLOCK_ACCESS_FS_EXECUTE
	fileRights = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE
	everything = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1 | unix.LANDLOCK_ACCESS_FS_REFER | unix.LANDLOCK_ACCESS_FS_TRUNCATE
)

// confine starts this program again in the same process, from where it can write to the data folder alone, read only that,
// the files given and what the system needs, and from Linux 6.7 on connect to no TCP server (Landlock). It returns nil in the
// process that is confined, and an error where that is not possible. Landlock holds for a thread and its children, and Go's
// AllThreadsSyscall does not work beside the threads of a C library, so that only a new start confines all threads.
func confine(data string, files ...string) error {
	if os.Getenv(confinedVariable) != "" {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine if it cannot become the program
		failed <- restrict(data, self, files)
	}()
	return <-failed
}

// landlockTCP is the version of Landlock that confines connections, that of Linux 6.7.
const landlockTCP = 4

// landlockVersion is that of the running kernel, 0 without Landlock.
func landlockVersion() int {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(version)
}

func restrict(data, self string, files []string) error {
	version := landlockVersion()
	if version < 2 { // the first version forbids to move a file from folder to folder
		return errors.New("no Landlock; it needs Linux 5.19 or later")
	}
	rules := unix.LandlockRulesetAttr{Handled_access_fs: everything, Handled_access_net: unix.LANDLOCK_ACCESS_NET_CONNECT_TCP}
	size := unsafe.Sizeof(rules.Handled_access_fs) + unsafe.Sizeof(rules.Handled_access_net)
	if version < 3 {
		rules.Handled_access_fs &^= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version < landlockTCP {
		size = unsafe.Sizeof(rules.Handled_access_fs)
	}
	set, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), size, 0)
	if errno != 0 {
		return fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	allow := func(path string, rights uint64) error {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ENOENT) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		defer func() { _ = unix.Close(fd) }()
		var stat unix.Stat_t
		if err := unix.Fstat(fd, &stat); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
			rights &= fileRights
		}
		rule := unix.LandlockPathBeneathAttr{Allowed_access: rights & rules.Handled_access_fs, Parent_fd: int32(fd)}
		if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
			return fmt.Errorf("landlock_add_rule %s: %w", path, errno)
		}
		return nil
	}
	errs := []error{allow(data, everything&^executable), allow(self, readable|executable), allow("/dev/null", readable|unix.LANDLOCK_ACCESS_FS_WRITE_FILE)}
	errs = append(errs, allow(sharedMemory, unix.LANDLOCK_ACCESS_FS_MAKE_DIR|unix.LANDLOCK_ACCESS_FS_REMOVE_DIR)) // leaveFolder
	for _, path := range system {
		errs = append(errs, allow(path, readable|executable))
	}
	for _, path := range files {
		errs = append(errs, allow(path, readable))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno != 0 {
		return fmt.Errorf("landlock_restrict_self: %w", errno)
	}
	return syscall.Exec(self, os.Args, append(os.Environ(), confinedVariable+"=1"))
}
