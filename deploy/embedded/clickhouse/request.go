package clickhouse

import (
	"crypto/rand"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/google/uuid"
)

// request is what a client asks for, read from URL, headers and body.
type request struct {
	text     io.Reader // the statement and behind it, for an INSERT, its data
	database string
	format   string // where the statement has no FORMAT clause
	params   map[string]string
	settings map[string]string

	program        string // User-Agent
	queryID        string
	session        string
	sessionTimeout time.Duration
	readOnly       bool

	revision    uint64 // of the Native format in the answer
	blocks      string // compression method of ClickHouse's own blocks in the answer, "" for none
	encoding    string // Content-Encoding of the answer, "" for none
	exceptionID string // marks an error in the middle of an answer
}

// Names in the URL that are not settings, as in ClickHouse's HTTP interface.
var reserved = map[string]bool{
	"query": true, "query_id": true, "database": true, "default_format": true, "session_id": true, "session_timeout": true,
	"session_check": true, "compress": true, "decompress": true, "user": true, "password": true, "quota_key": true,
	"client_protocol_version": true, "buffer_size": true, "wait_end_of_query": true, "stacktrace": true, "role": true,
	"close_session": true,
}

const (
	defaultSessionTimeout = 60 * time.Second // as a ClickHouse server's default_session_timeout
	maxSessionTimeout     = time.Hour        // and its max_session_timeout
)

func read(r *http.Request) (*request, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("URL %q: %w", r.URL.RawQuery, err)
	}
	body, err := decoded(r.Body, r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	if values.Get("decompress") == "1" {
		body = blockReader{compress.NewReader(body)}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		if body, err = form(r, values); err != nil {
			return nil, err
		}
	}
	q := &request{
		text:           body,
		database:       first(values.Get("database"), r.Header.Get("X-ClickHouse-Database")),
		format:         first(values.Get("default_format"), r.Header.Get("X-ClickHouse-Format"), "TabSeparated"),
		params:         map[string]string{},
		settings:       map[string]string{},
		program:        r.UserAgent(),
		queryID:        first(values.Get("query_id"), uuid.NewString()),
		session:        values.Get("session_id"),
		sessionTimeout: defaultSessionTimeout,
		readOnly:       r.Method == http.MethodGet || r.Method == http.MethodHead,
		exceptionID:    strings.ToLower(rand.Text()[:16]),
	}
	if sql := values.Get("query"); sql != "" {
		q.text = io.MultiReader(strings.NewReader(sql+"\n"), body)
	}
	if s := values.Get("session_timeout"); s != "" {
		seconds, err := strconv.Atoi(s)
		if err != nil || seconds < 1 || time.Duration(seconds)*time.Second > maxSessionTimeout {
			return nil, fmt.Errorf("session_timeout: %q is not in 1..%d", s, int(maxSessionTimeout.Seconds()))
		}
		q.sessionTimeout = time.Duration(seconds) * time.Second
	}
	if s := values.Get("client_protocol_version"); s != "" {
		if q.revision, err = strconv.ParseUint(s, 10, 64); err != nil {
			return nil, fmt.Errorf("client_protocol_version: %w", err)
		}
	}
	if values.Get("compress") == "1" {
		q.blocks = first(values.Get("network_compression_method"), "LZ4")
	}
	if values.Get("enable_http_compression") != "0" {
		q.encoding = acceptedEncoding(r.Header.Get("Accept-Encoding"))
	}
	for name, value := range values {
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			q.params[param] = value[0]
		} else if !reserved[name] {
			q.settings[name] = value[0]
		}
	}
	return q, nil
}

// form adds the fields of a multipart body to values. Its files would be external tables, which this server does not have.
func form(r *http.Request, values url.Values) (io.Reader, error) {
	const inMemory = 32 << 20
	if err := r.ParseMultipartForm(inMemory); err != nil {
		return nil, fmt.Errorf("multipart body: %w", err)
	}
	if len(r.MultipartForm.File) > 0 {
		return nil, &exception{code: 48, name: "NOT_IMPLEMENTED", text: "Code: 48. DB::Exception: The embedded ClickHouse takes no external tables. (NOT_IMPLEMENTED)"}
	}
	for name, value := range r.MultipartForm.Value {
		values[name] = value
	}
	return strings.NewReader(""), nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
