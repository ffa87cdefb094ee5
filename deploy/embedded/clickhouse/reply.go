package clickhouse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// heldBytes is how much of an answer is held back before the first byte is sent: an error until then has its own HTTP
	// status, and a slow reader of a smaller answer holds no connection to the engine.
	heldBytes = 32 << 20
	// writeTimeout is how long a reader may leave a piece of the answer lying.
	writeTimeout = 5 * time.Minute
)

// reply is the answer to one request. Its layers, from the engine to the client: re-encoding of Native, ClickHouse's own
// compressed blocks, HTTP's content encoding, and a buffer that holds back the beginning.
type reply struct {
	w       http.ResponseWriter
	request *request
	format  string
	started time.Time

	held    bytes.Buffer
	sending bool
	http    io.WriteCloser // HTTP's content encoding
	body    io.Writer      // the uppermost layer
	counts  counts
}

func newReply(w http.ResponseWriter, q *request, format string) (*reply, error) {
	r := &reply{w: w, request: q, format: format, started: time.Now()}
	var err error
	if r.http, err = encoded(holder{r}, q.encoding); err != nil {
		return nil, err
	}
	r.body = r.http
	if q.blocks != "" {
		r.body = newBlockWriter(r.body, q.blocks)
	}
	if format == "Native" && q.revision > 0 {
		r.body = &reencoder{w: r.body, revision: q.revision}
	}
	return r, nil
}

// write takes one piece of the result.
func (r *reply) write(piece []byte) error {
	_, err := r.body.Write(piece)
	return err
}

// holder is the lowest layer.
type holder struct{ r *reply }

func (h holder) Write(p []byte) (int, error) {
	r := h.r
	if !r.sending && r.held.Len()+len(p) <= heldBytes {
		return r.held.Write(p)
	}
	if err := r.send(); err != nil {
		return 0, err
	}
	_ = http.NewResponseController(r.w).SetWriteDeadline(time.Now().Add(writeTimeout))
	return r.w.Write(p)
}

// send writes the headers and what was held back.
func (r *reply) send() error {
	if r.sending {
		return nil
	}
	r.sending = true
	r.header(r.format)
	if r.request.encoding != "" {
		r.w.Header().Set("Content-Encoding", r.request.encoding)
	}
	_ = http.NewResponseController(r.w).SetWriteDeadline(time.Now().Add(writeTimeout))
	r.w.WriteHeader(http.StatusOK)
	_, err := r.w.Write(r.held.Bytes())
	r.held = bytes.Buffer{}
	return err
}

// finish ends the answer, with an error of the engine or without.
func (r *reply) finish(n counts, err error) error {
	r.counts = n
	switch {
	case err == nil:
		if err := r.http.Close(); err != nil {
			return err
		}
		if !r.sending {
			r.w.Header().Set("Content-Length", strconv.Itoa(r.held.Len()))
		}
		return r.send()
	case !r.sending:
		fail(r.w, r.request, err)
		return nil
	default:
		// Too late for a status: ClickHouse's frame for an exception in the middle of an answer.
		tag, message := r.request.exceptionID, asException(err).text
		_, err := fmt.Fprintf(r.http, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", tag, message, len(message)+1, tag)
		return errors.Join(err, r.http.Close())
	}
}

func (r *reply) header(format string) {
	h := r.w.Header()
	identify(h, r.request)
	h.Set("Content-Type", contentType(format))
	h.Set("X-ClickHouse-Format", format)
	h.Set("X-ClickHouse-Exception-Tag", r.request.exceptionID)
	h.Set("X-ClickHouse-Summary", r.summary())
}

// summary is X-ClickHouse-Summary; its numbers are texts there.
func (r *reply) summary() string {
	u := func(n uint64) string { return strconv.FormatUint(n, 10) }
	out, _ := json.Marshal(map[string]string{
		"read_rows": u(r.counts.readRows), "read_bytes": u(r.counts.readBytes),
		"written_rows": u(r.counts.writtenRows), "written_bytes": u(r.counts.writtenBytes),
		"total_rows_to_read": u(r.counts.readRows),
		"result_rows":        u(r.counts.resultRows), "result_bytes": u(r.counts.resultBytes),
		"elapsed_ns": strconv.FormatInt(time.Since(r.started).Nanoseconds(), 10),
	})
	return string(out)
}

func identify(h http.Header, q *request) {
	h.Set("X-ClickHouse-Server-Display-Name", "dwell")
	h.Set("X-ClickHouse-Query-Id", q.queryID)
}

// fail answers with an error alone.
func fail(w http.ResponseWriter, q *request, err error) {
	e := asException(err)
	identify(w.Header(), q)
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.code))
	w.WriteHeader(e.status())
	_, _ = io.WriteString(w, e.text+"\n")
}

// asException gives an error that did not come from the engine the shape of one that did.
func asException(err error) *exception {
	if e, ok := errors.AsType[*exception](err); ok {
		return e
	}
	return &exception{code: codeUnknownException, name: "UNKNOWN_EXCEPTION", text: fmt.Sprintf("Code: %d. DB::Exception: %v (UNKNOWN_EXCEPTION)", codeUnknownException, err)}
}

func contentType(format string) string {
	switch format {
	case "TabSeparated", "TSV", "TabSeparatedWithNames", "TSVWithNames", "TabSeparatedWithNamesAndTypes", "TSVWithNamesAndTypes":
		return "text/tab-separated-values; charset=UTF-8"
	case "CSV":
		return "text/csv; charset=UTF-8; header=absent"
	case "CSVWithNames", "CSVWithNamesAndTypes":
		return "text/csv; charset=UTF-8; header=present"
	case "JSON", "JSONCompact", "JSONStrings", "JSONColumns", "JSONColumnsWithMetadata", "JSONCompactStrings", "JSONCompactColumns":
		return "application/json; charset=UTF-8"
	case "JSONEachRow", "JSONLines", "NDJSON", "JSONStringsEachRow", "JSONCompactEachRow":
		return "application/x-ndjson; charset=UTF-8"
	case "Native", "RowBinary", "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Parquet", "Arrow", "ArrowStream", "ORC", "Avro", "MsgPack":
		return "application/octet-stream"
	case "XML":
		return "application/xml; charset=UTF-8"
	case "HTML", "Markdown":
		return "text/plain; charset=UTF-8"
	}
	return "text/plain; charset=UTF-8"
}
