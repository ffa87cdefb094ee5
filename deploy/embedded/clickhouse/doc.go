// Package clickhouse is a ClickHouse server for one machine: the real engine (libchdb) behind ClickHouse's own HTTP
// interface on a loopback port, run as a child process of the program.
//
// It promises that clients of the HTTP interface find what a server gives them: any FORMAT, parameters, settings, sessions,
// compression, error codes; that an insert which was acknowledged is in the data folder and survives the process being
// killed; and that one data folder is used by one process at a time.
//
// On a disk that is nearly full it begins no insert and no merge, and resumes when there is room. Where another program fills
// the disk in the middle of a write, the process ends rather than acknowledge (room.go): libchdb 26.7 ignores
// a failed write, leaves parts whose files are empty, and deletes what it merged into them.
//
// Before it opens a data folder it looks for what the engine would not miss: parts whose folders are gone are shown as set aside
// (parts.go, gone.go), and a folder without the definition of a table is refused (metadata.go).
//
// It refuses to be more than that: no native (TCP) interface, one user, no files or networks for clients (rights.go), no external tables
// in a request, no replication, and no promise against a loss of power beyond ClickHouse's own defaults. A border's production runs on a
// ClickHouse server.
//
// Results that can be cut into pieces (Native, RowBinary, CSV, TSV, JSONEachRow and their like) are streamed; all others
// (JSON, Parquet, Pretty, ...) are built whole in the engine's memory before the first byte is sent. read_rows in the summary
// of a streamed result is what the engine had reported by then, which may be less than it read.
//
// The way of a request: server.go takes it, request.go reads it, statement.go finds out what kind it is, pool.go lends a
// connection whose settings and database conn.go brings to what the request asks for, conn.go runs it in libchdb, reply.go
// sends the answer, re-encoded by native.go where the client speaks a later revision of the Native format than the engine
// writes.
package clickhouse
