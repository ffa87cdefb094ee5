package clickhouse

import "golang.org/x/sys/unix"

// threadID is the number of the calling thread, as the engine has it in system.processes.
func threadID() uint64 { return uint64(unix.Gettid()) }
