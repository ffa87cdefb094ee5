package clickhouse

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// User is the one user of an embedded ClickHouse.
const User = "default"

// CreatePassword reads the password from its file, and creates the file with a random one where it is missing, whole or not
// at all. Its owner alone can read it. Only the process that starts the server on the data folder may call it.
func CreatePassword(file string) (string, error) {
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		if err := writePassword(file); err != nil {
			return "", fmt.Errorf("embedded ClickHouse: create password: %w", err)
		}
	}
	return ReadPassword(file)
}

func writePassword(file string) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(rand.Text() + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// ReadPassword reads the password from its file. A file that others than its owner can read or write is an error, and so is
// one that is missing or empty.
func ReadPassword(file string) (string, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("embedded ClickHouse: password file %q does not exist; the next start of dwell on this data folder creates it", file)
	}
	if err != nil {
		return "", fmt.Errorf("embedded ClickHouse: password: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("embedded ClickHouse: password file %q is open to other users (mode %04o); remove it, and the next start of dwell creates another", file, mode)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("embedded ClickHouse: password: %w", err)
	}
	password := strings.TrimSpace(string(text))
	if password == "" {
		return "", fmt.Errorf("embedded ClickHouse: password file %q is empty; remove it, and the next start of dwell creates another", file)
	}
	return password, nil
}
