//go:build unix && !linux

package clickhouse

import "syscall"

// ownGroup keeps the terminal's Ctrl-C away from the child; the end of its standard input shows it that the parent has ended.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
