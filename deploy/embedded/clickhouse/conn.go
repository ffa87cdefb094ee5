package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// conn is one connection to the engine. It runs one statement at a time, all of them on an OS thread of its own, since the
// engine keeps the state of a running query with the thread.
type conn struct {
	lib    *library
	handle *unsafe.Pointer // what chdb_connect returned, which chdb_close_conn takes
	work   chan func()
	thread uint64 // on which it runs statements

	// What the session holds now, so that a request changes only what differs. An empty database is an unknown one.
	database string
	settings map[string]string
	// program is the one that a free connection is lent to again.
	program string
	// broken means that the session's state is unknown: it must not be lent again.
	broken bool
}

// counts are what the engine counted for one statement; they become X-ClickHouse-Summary.
type counts struct {
	readRows, readBytes       uint64
	writtenRows, writtenBytes uint64
	resultRows, resultBytes   uint64
}

// open connects to the engine at dir; the first connection starts it.
func open(lib *library, dir, config string) (*conn, error) {
	c := &conn{lib: lib, work: make(chan func()), settings: map[string]string{}}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread() // the thread goes back to Go: the engine does not survive the end of one it has used
		for f := range c.work {
			f()
		}
	}()
	c.do(func() {
		c.thread = threadID()
		args := []*byte{cText("clickhouse"), cText("--config-file=" + config), cText("--path=" + dir)}
		c.handle = lib.connect(int32(len(args)), unsafe.SliceData(args))
		runtime.KeepAlive(args)
	})
	if c.handle == nil {
		close(c.work)
		return nil, fmt.Errorf("the engine cannot open the data folder %q", dir)
	}
	return c, nil
}

// close ends the connection. Closing the last one stops the engine.
func (c *conn) close() {
	c.do(func() { c.lib.closeConn(c.handle) })
	close(c.work)
}

// do runs f on the connection's thread and waits for it.
func (c *conn) do(f func()) {
	done := make(chan struct{})
	c.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// session brings the connection to a database and to settings; settings of the request before that this one does not name go
// back to their defaults. An empty database keeps the current one.
func (c *conn) session(database string, settings map[string]string) error {
	if database != "" && database != c.database {
		c.database = ""
		if _, err := c.query("USE "+quoteName(database), "Null", nil, discard); err != nil {
			return err
		}
		c.database = database
	}
	if maps.Equal(settings, c.settings) {
		return nil
	}
	var set []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if !settingName.MatchString(name) {
			return &exception{code: 115, name: "UNKNOWN_SETTING", text: fmt.Sprintf("Code: 115. DB::Exception: Unknown setting '%s'. (UNKNOWN_SETTING)", name)}
		}
		if value, ok := c.settings[name]; !ok || value != settings[name] {
			set = append(set, name+" = "+quoteText(settings[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.settings)) {
		if _, ok := settings[name]; !ok {
			set = append(set, name+" = DEFAULT")
		}
	}
	if _, err := c.query("SET "+strings.Join(set, ", "), "Null", nil, discard); err != nil {
		c.broken = true
		return err
	}
	c.settings = maps.Clone(settings)
	return nil
}

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// cannotBeReset are the settings that stay with a connection: those that set others, and those with some values of which no further
// statement is run, not even the one that would take them back.
var cannotBeReset = []string{
	"compatibility", "profile",
	"format_avro_schema_registry_connection_timeout", "format_avro_schema_registry_receive_timeout",
	"format_avro_schema_registry_retry_initial_backoff_ms", "format_avro_schema_registry_send_timeout", "implicit_transaction",
	"max_concurrent_queries_for_all_users", "max_concurrent_queries_for_user", "max_os_cpu_wait_time_ratio_to_throw",
	"max_parser_backtracks", "max_parser_depth", "max_query_size", "readonly",
}

// lasting reports whether a connection with these settings must not be lent to a request with others.
func lasting(settings map[string]string) bool {
	return slices.ContainsFunc(cannotBeReset, func(name string) bool { _, ok := settings[name]; return ok })
}

func discard([]byte) error { return nil }

// query runs a statement whole and hands its result to sink in one piece, which is valid during the call only.
func (c *conn) query(sql, format string, params map[string]string, sink func([]byte) error) (n counts, err error) {
	c.do(func() {
		result := newParameters(params).call(c.lib.query, *c.handle, sql, format)
		defer func() {
			c.lib.destroyResult(result)
			if err != nil {
				c.forget()
			}
		}()
		if err = c.failure(result); err != nil {
			return
		}
		n.add(c.lib, result)
		if piece := c.piece(result); len(piece) > 0 {
			err = sink(piece)
		}
	})
	return n, err
}

var errNotStreamable = errors.New("the engine streams no statement of this kind")

// stream runs a SELECT and hands its result to sink piece by piece, each valid during the call only. It stops the query when
// sink fails or ctx is done. A statement that is not a SELECT gives errNotStreamable and has not been run.
func (c *conn) stream(ctx context.Context, sql, format string, params map[string]string, sink func([]byte) error) (n counts, err error) {
	c.do(func() {
		stream := newParameters(params).call(c.lib.streamQuery, *c.handle, sql, format)
		defer func() {
			c.lib.destroyResult(stream)
			if err != nil {
				c.forget()
			}
		}()
		if err = c.failure(stream); err != nil {
			if strings.Contains(err.Error(), "Streaming query is not supported") {
				err = errNotStreamable
			}
			return
		}
		for more := true; more && err == nil; {
			if err = ctx.Err(); err != nil {
				break
			}
			result := c.lib.streamFetch(*c.handle, stream)
			if err = c.failure(result); err != nil {
				c.lib.destroyResult(result)
				return
			}
			n.add(c.lib, result)
			piece := c.piece(result)
			if more = len(piece) > 0; more {
				err = sink(piece)
			}
			c.lib.destroyResult(result)
		}
		if err != nil {
			c.lib.streamCancel(*c.handle, stream)
		}
	})
	return n, err
}

// insert runs an INSERT without its FORMAT clause and feeds it the data in that format. Where data breaks off, nothing of
// what the engine has not yet written as a block is inserted.
func (c *conn) insert(ctx context.Context, sql, format string, params map[string]string, data io.Reader) (n counts, err error) {
	c.do(func() {
		stream := newParameters(params).call(c.lib.streamInsert, *c.handle, sql, format)
		defer func() {
			c.lib.destroyInsertStream(stream)
			if err != nil {
				c.forget()
			}
		}()
		if message := text(c.lib.streamInsertError(stream)); message != "" {
			err = newException(message)
			return
		}
		buffer := make([]byte, 1<<20)
		for {
			size, readErr := data.Read(buffer)
			if size > 0 && c.lib.streamAppend(stream, unsafe.SliceData(buffer), uintptr(size)) != 0 {
				break // chdb_stream_done below says why
			}
			if errors.Is(readErr, io.EOF) {
				break
			}
			if readErr == nil {
				readErr = ctx.Err()
			}
			if readErr != nil {
				c.lib.streamCancelInsert(stream)
				err = fmt.Errorf("the data of the insert broke off: %w", readErr)
				return
			}
		}
		result := c.lib.streamDone(stream)
		defer c.lib.destroyResult(result)
		if err = c.failure(result); err == nil {
			n.add(c.lib, result)
		}
	})
	return n, err
}

// forget runs another statement: the engine keeps one that failed, and with it the table, until the connection's next one. It
// must be called on the connection's thread.
func (c *conn) forget() {
	c.lib.destroyResult(newParameters(nil).call(c.lib.query, *c.handle, "SELECT 1", "Null"))
}

// readOnly reports whether the engine's parser finds only statements in sql that change nothing.
func (c *conn) readOnly(sql string) bool {
	a := analysis{structSize: uint32(unsafe.Sizeof(analysis{}))}
	failed := int32(0)
	c.do(func() {
		s := cText(sql)
		failed = c.lib.classify(*c.handle, s, uintptr(len(sql)), nil, 0, &a)
		runtime.KeepAlive(s)
	})
	return failed == 0 && a.class == classReadOnly
}

// failure is the error that a result holds, or nil.
func (c *conn) failure(result unsafe.Pointer) error {
	if result == nil {
		return errors.New("the engine gave no result")
	}
	if p := c.lib.resultError(result); p != nil {
		return newException(text(p))
	}
	return nil
}

// piece is the memory of a result, which the engine owns.
func (c *conn) piece(result unsafe.Pointer) []byte {
	n := c.lib.resultLength(result)
	if n == 0 {
		return nil
	}
	return unsafe.Slice(c.lib.resultBuffer(result), n)
}

func (n *counts) add(lib *library, result unsafe.Pointer) {
	n.readRows += lib.resultStorageRows(result)
	n.readBytes += lib.resultStorageBytes(result)
	n.writtenRows += lib.resultRowsWritten(result)
	n.writtenBytes += lib.resultBytesWritten(result)
	n.resultRows += lib.resultRows(result)
	n.resultBytes += uint64(lib.resultLength(result))
}

func quoteText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func quoteName(s string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(s) + "`"
}
