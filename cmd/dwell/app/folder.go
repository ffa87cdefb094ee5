package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// folder is the data folder of the embedded parts. One process owns it at a time, and leaves word there where its parts
// can be reached, so that import and audit can work beside it.
type folder struct {
	path string
	lock *os.File
}

// Addresses are where the parts of the process that owns a folder can be reached.
type Addresses struct {
	Process    int    `json:"process"`
	Kafka      string `json:"kafka,omitempty"`
	ClickHouse string `json:"clickhouse,omitempty"`
}

// InUseError says that another process owns the folder.
type InUseError struct {
	path string
	Addresses
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("data: %q is in use by another dwell (process %d); stop it, or give another folder with --data", e.path, e.Process)
}

// ownFolder makes the folder if need be and takes it, or returns an *InUseError.
func ownFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	f := &folder{path, lock}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("data: %q cannot be locked: %w", path, err)
		}
		used := &InUseError{path: path}
		if text, err := os.ReadFile(f.addressFile()); err == nil {
			_ = json.Unmarshal(text, &used.Addresses) // without it the folder is in use all the same
		}
		return nil, used
	}
	// One who was killed left word of parts that are gone.
	if err := os.Remove(f.addressFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("data: %w", err), lock.Close())
	}
	return f, nil
}

func (f *folder) addressFile() string { return filepath.Join(f.path, "running.json") }

// announce leaves word of the addresses.
func (f *folder) announce(a Addresses) error {
	a.Process = os.Getpid()
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return os.WriteFile(f.addressFile(), append(text, '\n'), 0o644)
}

// release gives the folder up.
func (f *folder) release() error {
	_ = os.Remove(f.addressFile()) // the next owner would do it
	return f.lock.Close()
}
