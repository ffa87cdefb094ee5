// Package folder gives a data folder to one process at a time.
//
// It promises that two processes never own the same folder, that the owner's death ends its ownership, however it ends, and
// that the error of a process that is refused has the owner's process id; and that other users of the machine read nothing in
// it: an owner's files have mode 0600 and its folders 0700, whatever its umask was. It refuses to share: there are no readers
// beside an owner.
package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	// Note is what the owner before has left, empty if it has left nothing.
	Note      string
	lock, dir *os.File
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

// others are the rights of users other than the owner, in a mode and in a umask.
const others = 0o077

// Own creates the folder where it is missing and takes its lock, which the kernel gives up when this process ends. It locks the folder itself
// too, so that somebody who deletes the lock file lets no second owner in; a file system that cannot lock folders, as NFS, has the file alone. While
// another process holds it, Own tries for the time of wait, since an owner that was killed does not end at once; then the
// error is an *InUseError. From the call on, what the process creates anywhere is closed to other users (umask): libraries
// that write into the folder name modes of their own.
func Own(path string, wait time.Duration) (*Folder, error) {
	syscall.Umask(others)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f := &Folder{Path: path}
	var err error
	if f.dir, err = os.Open(path); err == nil {
		f.lock, err = os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data folder: %w", err), f.Release())
	}
	deadline := time.Now().Add(wait)
	if err = flock(f.dir, deadline); !errors.Is(err, syscall.EWOULDBLOCK) {
		err = flock(f.lock, deadline)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		text, _ := io.ReadAll(f.lock) // the folder is in use, whatever can be read
		process, _, _ := strings.Cut(string(text), "\n")
		id, _ := strconv.Atoi(process)
		return nil, errors.Join(&InUseError{path, id}, f.Release())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data folder %q: %w", path, err), f.Release())
	}
	text, err := io.ReadAll(f.lock)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock data folder %q: %w", path, err), f.Release())
	}
	_, note, _ := strings.Cut(string(text), "\n")
	f.Note = strings.TrimSuffix(note, "\n")
	_ = f.Leave(f.Note) // a disk that is full keeps the folder from no one
	return f, nil
}

// flock tries until a deadline.
func flock(f *os.File, deadline time.Time) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || !time.Now().Before(deadline) {
			return err
		}
		time.Sleep(tick)
	}
}

// Leave leaves a note of one line to the next owner, behind the process id in the lock file, in place of the one before. An owner of an
// earlier version leaves none, whatever it has found.
func (f *Folder) Leave(note string) error {
	text := fmt.Appendln(nil, os.Getpid())
	if note != "" {
		text = fmt.Appendln(text, note)
	}
	if err := f.lock.Truncate(0); err != nil {
		return err
	}
	_, err := f.lock.WriteAt(text, 0)
	return err
}

// Tighten closes the folder and all that is in it to other users, as an owner before may have left it open. It returns the
// first error after it has closed what it can. Symbolic links in the folder are left alone.
func (f *Folder) Tighten() error {
	root, first := filepath.EvalSymlinks(f.Path)
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = tighten(path, entry)
		}
		if first == nil && !errors.Is(err, fs.ErrNotExist) { // the engine deletes old parts meanwhile
			first = err
		}
		return nil
	})
	if first != nil {
		return fmt.Errorf("close data folder %q to other users: %w", f.Path, first)
	}
	return nil
}

func tighten(path string, entry fs.DirEntry) error {
	if entry.Type()&fs.ModeSymlink != 0 {
		return nil
	}
	info, err := entry.Info()
	if err != nil || info.Mode().Perm()&others == 0 {
		return err
	}
	return os.Chmod(path, info.Mode()&^others)
}

// Release lets another process own the folder.
func (f *Folder) Release() (err error) {
	for _, file := range []*os.File{f.lock, f.dir} {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	return err
}
