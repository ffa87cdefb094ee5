package clickhouse

import "syscall"

// ownGroup keeps the terminal's Ctrl-C away from the child, and ends the child with its parent.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
