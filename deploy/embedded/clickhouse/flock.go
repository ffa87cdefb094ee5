//go:build unix

package clickhouse

import (
	"os"
	"syscall"
)

// flock takes a lock that ends with the process, however it ends.
func flock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
