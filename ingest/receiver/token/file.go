package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// File is the tokens of a file, which is read again whenever it has changed. It is safe for concurrent use.
type File struct {
	path string

	mu   sync.Mutex
	read os.FileInfo // nil before the file was read
	all  []Token
}

// Open reads nothing yet: the file may be missing until the first token is created.
func Open(path string) *File { return &File{path: path} }

// Find returns the rights of a token, nil for one that is not in the file. The error is that of a file that cannot be read.
func (f *File) Find(secret string) (*Token, error) {
	all, err := f.current()
	if err != nil {
		return nil, err
	}
	return find(all, secret), nil
}

func (f *File) current() ([]Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.read = nil
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("tokens: %w", err)
	case f.read != nil && os.SameFile(info, f.read) && info.ModTime().Equal(f.read.ModTime()) && info.Size() == f.read.Size():
		return f.all, nil
	}
	all, err := Read(f.path)
	if err != nil {
		return nil, err
	}
	f.read, f.all = info, all
	return all, nil
}

// othersWrite are the rights with which other users could give themselves a token.
const othersWrite = 0o022

// Read returns the tokens of a file, in the order of their names. A file that is missing has none.
func Read(path string) ([]Token, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	if !info.Mode().IsRegular() { // a FIFO would be waited for
		return nil, fmt.Errorf("tokens: %q is not a regular file (%v); put it back from a copy of the data folder, or remove it and create the tokens anew", path, info.Mode())
	}
	if info.Mode().Perm()&othersWrite != 0 {
		return nil, fmt.Errorf("tokens: other users may write %q (mode %04o); close it with chmod 600", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	var all []Token
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("tokens: %q is not a file that dwell token wrote: %w", path, err)
	}
	return all, nil
}

// Create adds a token to the file, which is made where it is missing, and returns what its holder sends. Nothing has that afterwards.
func Create(path string, t Token, now time.Time) (secret string, err error) {
	if err := t.Validate(); err != nil {
		return "", err
	}
	secret, t.Hash = generate()
	t.Created = now.UTC().Truncate(time.Second)
	return secret, change(path, func(all []Token) ([]Token, error) {
		at, found := slices.BinarySearchFunc(all, t.Name, byName)
		if found {
			return nil, fmt.Errorf("there is a token %q; revoke it first, or choose another name", t.Name)
		}
		return slices.Insert(all, at, t), nil
	})
}

// Revoke takes a token out of the file.
func Revoke(path, name string) error {
	return change(path, func(all []Token) ([]Token, error) {
		at, found := slices.BinarySearchFunc(all, name, byName)
		if !found {
			return nil, fmt.Errorf("there is no token %q in %q", name, path)
		}
		return slices.Delete(all, at, at+1), nil
	})
}

func byName(t Token, name string) int {
	switch {
	case t.Name < name:
		return -1
	case t.Name > name:
		return 1
	}
	return 0
}

// change replaces the file as a whole, one process after another: two changes at a time would lose one. The kernel gives up the lock of a process
// that is killed; its file stays, as whoever waits for it has it open.
func change(path string, with func([]Token) ([]Token, error)) (err error) {
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		defer func() { err = errors.Join(err, lock.Close()) }()
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	next := path + ".new"
	file, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close() // it may be closed already
			err = errors.Join(err, os.Remove(next))
		}
	}()
	all, err := Read(path)
	if err != nil {
		return err
	}
	if all, err = with(all); err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if _, err = file.Write(append(text, '\n')); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = file.Close()
	}
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	return nil
}
