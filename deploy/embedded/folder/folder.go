// Package folder gives a data folder to one process at a time.
//
// It promises that two processes never own the same folder, that the owner's death ends its ownership, however it ends, and
// that the error of a process that is refused has the owner's process id. It refuses to share: there are no readers beside an
// owner.
package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Folder is a data folder that this process owns.
type Folder struct {
	Path string
	lock *os.File
}

// InUseError says that another process owns the folder.
type InUseError struct {
	Path    string
	Process int // 0 where the owner has not written it yet
}

func (e *InUseError) Error() string {
	owner := "another process"
	if e.Process > 0 {
		owner = fmt.Sprintf("process %d", e.Process)
	}
	return fmt.Sprintf("data folder %q is in use by %s; stop it, or use another data folder", e.Path, owner)
}

// tick is how often a lock that another process holds is tried.
const tick = 50 * time.Millisecond

// Own creates the folder where it is missing and takes its lock, which the kernel gives up when this process ends. While
// another process holds it, Own tries for the time of wait, since an owner that was killed does not end at once; then the
// error is an *InUseError.
func Own(path string, wait time.Duration) (*Folder, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	deadline := time.Now().Add(wait)
	for {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || !time.Now().Before(deadline) {
			break
		}
		time.Sleep(tick)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		text, _ := io.ReadAll(lock) // the folder is in use, whatever can be read
		process, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		return nil, errors.Join(&InUseError{path, process}, lock.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data folder %q: %w", path, err), lock.Close())
	}
	f := &Folder{path, lock}
	f.sign()
	return f, nil
}

// sign leaves the process id in the lock file. A disk that is full keeps the folder from no one.
func (f *Folder) sign() {
	if f.lock.Truncate(0) == nil {
		_, _ = f.lock.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	}
}

// Release lets another process own the folder.
func (f *Folder) Release() error { return f.lock.Close() }
