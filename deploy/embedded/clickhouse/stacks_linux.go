package clickhouse

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stackSignal is the signal by which the engine asks a thread for its stack: glibc's SIGRTMIN.
const stackSignal = 34

// ignoreStackSignal makes threads ignore the signal by which a read of system.stack_trace asks each for its stack: the engine's handler
// ends the process with a segmentation fault on a thread of Go. The read then waits a moment for each thread, and finds no stacks. The right to
// read that table cannot be taken away, since libchdb lets everybody read its own tables. The engine sets its handler when it starts,
// so this comes after that.
func ignoreStackSignal() error {
	const sigIgn = 1
	action := struct{ handler, flags, restorer, mask uint64 }{handler: sigIgn}
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, stackSignal, uintptr(unsafe.Pointer(&action)), 0, unsafe.Sizeof(action.mask), 0, 0)
	if errno != 0 {
		return fmt.Errorf("ignore signal %d: %w", stackSignal, errno)
	}
	return nil
}
