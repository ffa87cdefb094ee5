package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ReadProgress reads what WriteProgress wrote. Without such a file, and where it is of another server, it is the beginning.
func ReadProgress(path, endpoint string) (p Progress, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Progress{}, nil
	}
	if err != nil {
		return Progress{}, err
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Bytes < 0 || p.Lines < 0 || p.Events < 0 {
		return Progress{}, fmt.Errorf("%q does not say how far a file was posted; remove it to post from the beginning", path)
	}
	if p.Endpoint != endpoint {
		return Progress{}, nil
	}
	return p, nil
}

// WriteProgress replaces the file as a whole.
func WriteProgress(path string, p Progress) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = next.Write(append(text, '\n'))
	if err = errors.Join(err, next.Close()); err == nil {
		err = os.Rename(next.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}
