package app

import (
	"syscall"

	"dwell/dashboards/door"
)

// spareFiles is how many of the files that the process may open are kept from connections to the web port, half of them where there are fewer
// than twice as many: for the broker's segments and connections, those to ClickHouse and other brokers, and files that are read.
const spareFiles = 4096

// withinFiles bounds the connections to the web port by how many files the process may open, so that a client that opens many
// of them takes none from the other parts. It reports whether the configured bound was higher.
func withinFiles(web door.Config, files uint64) (_ door.Config, bounded bool) {
	room := files - min(spareFiles, files/2)
	if room >= uint64(web.MaxConnections) {
		return web, false
	}
	web.MaxConnections = max(1, int(room))
	return web, true
}

// openFiles is how many files the process may open.
func openFiles() (uint64, error) {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return limit.Cur, err
}
