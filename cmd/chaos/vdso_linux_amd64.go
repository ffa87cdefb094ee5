package main

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// realtime replaces clock_gettime in the vDSO of a child process, as Chaos Mesh does: it asks the kernel, and adds to
// CLOCK_REALTIME the seconds that follow the code. Go reads every clock through this function. CLOCK_MONOTONIC, and so every
// timer, goes on evenly, as on a machine whose clock is set.
//
// No simpler way has this effect. A time namespace offsets the monotonic and boot-time clocks, not CLOCK_REALTIME
// (time_namespaces(7)). libfaketime replaces functions of libc, which Go does not call (wolfcw/libfaketime issue 195).
// Setting the machine's clock needs root and disturbs every program on it. A clock injected by a test has no wall time that
// jumps beside even monotonic time, since package time makes such values only in time.Now; and it reaches no library.
var realtime = [24]byte{
	0xb8, 0xe4, 0, 0, 0, // mov eax, 228: clock_gettime
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi: CLOCK_REALTIME is 0
	0x75, 10, // jne over the next two
	0x48, 0x8b, 0x15, 6, 0, 0, 0, // mov rdx, [behind the code]
	0x48, 0x01, 0x16, // add [rsi], rdx
	0xc3,       // ret
	0x90, 0x90, // so that what follows can be written at once
}

// wallClock is that of one process.
type wallClock struct {
	mem   *os.File
	ahead int64 // where the seconds are
}

// startWithClock starts a command with a wall clock of its own.
func startWithClock(cmd *exec.Cmd, ahead time.Duration) (c *wallClock, err error) {
	runtime.LockOSThread() // ptrace stops are reported to the starting thread alone
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	pid := cmd.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return nil, os.NewSyscallError("wait4", err)
	}
	if c, err = newWallClock(pid); err == nil {
		err = c.set(ahead)
	}
	if err = errors.Join(err, os.NewSyscallError("ptrace", syscall.PtraceDetach(pid))); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return c, nil
}

// newWallClock puts realtime into a process that has not run yet.
func newWallClock(pid int) (*wallClock, error) {
	base, err := vdso(pid)
	if err != nil {
		return nil, err
	}
	mem, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	at, err := clockGettime(io.NewSectionReader(mem, base, 1<<20))
	if err == nil {
		_, err = mem.WriteAt(append(realtime[:], make([]byte, 8)...), base+at)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("vDSO: %w", err), mem.Close())
	}
	return &wallClock{mem, base + at + int64(len(realtime))}, nil
}

// vdso is where the kernel has put it.
func vdso(pid int) (int64, error) {
	const sysinfoEhdr = 33 // AT_SYSINFO_EHDR
	path := fmt.Sprintf("/proc/%d/auxv", pid)
	pairs, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for ; len(pairs) >= 16; pairs = pairs[16:] {
		if binary.LittleEndian.Uint64(pairs) == sysinfoEhdr {
			return int64(binary.LittleEndian.Uint64(pairs[8:])), nil
		}
	}
	return 0, fmt.Errorf("%s names no vDSO", path)
}

// clockGettime is the offset of the function in the vDSO's image.
func clockGettime(image io.ReaderAt) (at int64, err error) {
	f, err := elf.NewFile(image)
	if err != nil {
		return 0, err
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" && s.Size >= uint64(len(realtime))+8 {
			return int64(s.Value), nil
		}
	}
	return 0, errors.New("it has no clock_gettime that is large enough")
}

// set puts the clock ahead of the machine's by so much, or behind.
func (c *wallClock) set(ahead time.Duration) error {
	_, err := c.mem.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(ahead/time.Second)), c.ahead)
	return err
}

func (c *wallClock) close() { _ = c.mem.Close() }
