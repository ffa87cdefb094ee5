// Package fulldisk gives tests of the embedded parts a disk that runs full: a file system in memory, whose size is set to what
// is on it, and then larger again. Nothing is written to fill it.
//
// It promises that nothing of it is left when the process that mounted it ends, however it ends, and that root is not needed:
// such a process runs in a mount namespace of its own (Namespace). It refuses machines that allow neither, and all
// that are not Linux.
package fulldisk

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// Disk is mounted on a folder.
type Disk struct{ Dir string }

// New mounts a disk on a folder, which is created if it is missing.
func New(dir string) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d := &Disk{dir}
	if err := mount(dir); err != nil {
		return nil, err
	}
	return d, d.Free()
}

// Fill leaves no room, not even what has been deleted since it was last called.
func (d *Disk) Fill() error {
	for {
		bytes, err := used(d.Dir)
		if err != nil {
			return err
		}
		err = resize(d.Dir, strconv.FormatInt(bytes, 10))
		if !errors.Is(err, syscall.EINVAL) { // more has been written meanwhile
			return err
		}
	}
}

// Free makes room: half of the machine's memory.
func (d *Disk) Free() error { return resize(d.Dir, "50%") }

// Close unmounts the disk, and with it what was on it.
func (d *Disk) Close() error { return unmount(d.Dir) }
