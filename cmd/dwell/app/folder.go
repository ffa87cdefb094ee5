package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	datafolder "dwell/deploy/embedded/folder"
)

// folder is the data folder of the embedded parts. One process owns it at a time, and leaves word there where its parts
// can be reached, so that import and audit can work beside it.
type folder struct{ *datafolder.Folder }

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
	owner := "another process"
	if e.Process > 0 { // a full disk has no room for it
		owner = fmt.Sprintf("process %d", e.Process)
	}
	return fmt.Sprintf("data: %q is in use by %s; stop it, or choose another folder (dwell serve: key data or DWELL_DATA, other commands: --data)", e.path, owner)
}

// ownFolder makes the folder if need be and takes it, or returns an *InUseError.
func ownFolder(path string) (*folder, error) {
	own, err := datafolder.Own(path, 0)
	f := &folder{own}
	if inUse, ok := errors.AsType[*datafolder.InUseError](err); ok {
		used := &InUseError{path, Addresses{Process: inUse.Process}}
		if text, err := os.ReadFile(addressFile(path)); err == nil {
			_ = json.Unmarshal(text, &used.Addresses) // without it the folder is in use all the same
		}
		return nil, used
	}
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	// One who was killed left word of parts that are gone.
	if err := os.Remove(addressFile(f.Path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("data: %w", err), f.Release())
	}
	return f, nil
}

// Running is the configuration with the addresses of the process that owns the data folder, where one has left word of them.
func (c Config) Running() Config {
	var a Addresses
	text, err := os.ReadFile(addressFile(c.Data))
	if err == nil && json.Unmarshal(text, &a) == nil {
		beside := c
		if beside.beside(a) == nil {
			return beside
		}
	}
	return c
}

func addressFile(path string) string { return filepath.Join(path, "running.json") }

// announce leaves word of the addresses.
func (f *folder) announce(a Addresses) error {
	a.Process = os.Getpid()
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return os.WriteFile(addressFile(f.Path), append(text, '\n'), 0o600)
}

// release gives the folder up.
func (f *folder) release() error {
	_ = os.Remove(addressFile(f.Path)) // the next owner would do it
	return f.Release()
}
