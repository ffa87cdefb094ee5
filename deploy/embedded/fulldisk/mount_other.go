//go:build unix && !linux

package fulldisk

import (
	"errors"
	"os/exec"
)

var errOnlyLinux = errors.New("only Linux has disks that run full on demand")

// Namespace does nothing here: New will say why.
func Namespace(*exec.Cmd) {}

func mount(string) error          { return errOnlyLinux }
func unmount(string) error        { return errOnlyLinux }
func resize(string, string) error { return errOnlyLinux }
func used(string) (int64, error)  { return 0, errOnlyLinux }
