//go:build unix && !linux

package clickhouse

import "syscall"

// ownGroup keeps the terminal's Ctrl-C away from the child; the end of its standard input tells it that the parent is gone.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
