package clickhouse

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library holds the functions of libchdb that the engine uses. Their contracts are in the library's chdb.h.
type library struct {
	version             func() string
	setSignalHandlers   func(enabled int32)
	connect             func(argc int32, argv **byte) *unsafe.Pointer
	closeConn           func(conn *unsafe.Pointer)
	shutdown            func() int32
	query               func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) unsafe.Pointer
	streamQuery         func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) unsafe.Pointer
	streamFetch         func(conn, stream unsafe.Pointer) unsafe.Pointer
	streamCancel        func(conn, stream unsafe.Pointer)
	streamInsert        func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) unsafe.Pointer
	streamAppend        func(stream unsafe.Pointer, data *byte, n uintptr) int32
	streamDone          func(stream unsafe.Pointer) unsafe.Pointer
	streamCancelInsert  func(stream unsafe.Pointer)
	streamInsertError   func(stream unsafe.Pointer) *byte
	destroyInsertStream func(stream unsafe.Pointer)
	destroyResult       func(result unsafe.Pointer)
	resultBuffer        func(result unsafe.Pointer) *byte
	resultLength        func(result unsafe.Pointer) uintptr
	resultError         func(result unsafe.Pointer) *byte
	resultRows          func(result unsafe.Pointer) uint64
	resultStorageRows   func(result unsafe.Pointer) uint64
	resultStorageBytes  func(result unsafe.Pointer) uint64
	resultRowsWritten   func(result unsafe.Pointer) uint64
	resultBytesWritten  func(result unsafe.Pointer) uint64
	classify            func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, database *byte, databaseLen uintptr, out *analysis) int32
}

// analysis is chdb_query_analysis_v1.
type analysis struct {
	structSize, _, _, class uint32 // the unnamed: statements and flags
}

const classReadOnly = 0 // CHDB_QUERY_READ_ONLY

// load opens libchdb. A process loads it once and keeps it.
func load(path string) (_ *library, err error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	l := &library{}
	for name, function := range map[string]any{
		"chdb_version":                     &l.version,
		"chdb_set_signal_handlers_enabled": &l.setSignalHandlers,
		"chdb_connect":                     &l.connect,
		"chdb_close_conn":                  &l.closeConn,
		"chdb_shutdown":                    &l.shutdown,
		"chdb_query_with_params_n":         &l.query,
		"chdb_stream_query_with_params_n":  &l.streamQuery,
		"chdb_stream_fetch_result":         &l.streamFetch,
		"chdb_stream_cancel_query":         &l.streamCancel,
		"chdb_stream_insert_with_params_n": &l.streamInsert,
		"chdb_stream_append":               &l.streamAppend,
		"chdb_stream_done":                 &l.streamDone,
		"chdb_stream_cancel_insert":        &l.streamCancelInsert,
		"chdb_stream_insert_error":         &l.streamInsertError,
		"chdb_destroy_insert_stream":       &l.destroyInsertStream,
		"chdb_destroy_query_result":        &l.destroyResult,
		"chdb_result_buffer":               &l.resultBuffer,
		"chdb_result_length":               &l.resultLength,
		"chdb_result_error":                &l.resultError,
		"chdb_result_rows_read":            &l.resultRows,
		"chdb_result_storage_rows_read":    &l.resultStorageRows,
		"chdb_result_storage_bytes_read":   &l.resultStorageBytes,
		"chdb_result_rows_written":         &l.resultRowsWritten,
		"chdb_result_bytes_written":        &l.resultBytesWritten,
		"chdb_classify_query_n":            &l.classify,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("load %s: it is not libchdb %s: %w", path, Version, err)
		}
		purego.RegisterFunc(function, symbol)
	}
	return l, nil
}

// text copies a C string; nil is the empty one.
func text(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}

// cText is the bytes of s followed by a zero.
func cText(s string) *byte {
	return &append([]byte(s), 0)[0]
}

// parameters are names and values in the shape that libchdb takes them.
type parameters struct {
	names, values       []*byte
	nameLens, valueLens []uintptr
}

func newParameters(params map[string]string) *parameters {
	p := &parameters{}
	for name, value := range params {
		p.names, p.nameLens = append(p.names, cText(name)), append(p.nameLens, uintptr(len(name)))
		p.values, p.valueLens = append(p.values, cText(value)), append(p.valueLens, uintptr(len(value)))
	}
	return p
}

type statementCall = func(conn unsafe.Pointer, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, count uintptr) unsafe.Pointer

// call runs one of the three functions that take a statement, a format and parameters.
func (p *parameters) call(function statementCall, conn unsafe.Pointer, sql, format string) unsafe.Pointer {
	s, f := cText(sql), cText(format)
	result := function(conn, s, uintptr(len(sql)), f, uintptr(len(format)), unsafe.SliceData(p.names), unsafe.SliceData(p.nameLens),
		unsafe.SliceData(p.values), unsafe.SliceData(p.valueLens), uintptr(len(p.names)))
	runtime.KeepAlive(s)
	runtime.KeepAlive(f)
	runtime.KeepAlive(p)
	return result
}
