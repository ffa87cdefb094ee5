//go:build unix

package clickhouse

import (
	"os"
	"syscall"
	"time"
)

// lockWait is how long a folder's owner before this one may take to end: one that was killed is not gone at once.
const (
	lockWait = 3 * time.Second
	lockTick = 50 * time.Millisecond
)

// flock takes a lock that ends with the process, however it ends. It waits a little for a process that is ending.
func flock(f *os.File) error {
	for deadline := time.Now().Add(lockWait); ; time.Sleep(lockTick) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
