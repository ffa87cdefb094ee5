package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dwell/deploy/embedded/folder"
)

// Config says what an embedded ClickHouse serves.
type Config struct {
	// Data is the folder of the tables; it is created if it is missing.
	Data string
	// Listen is the address of the HTTP interface, host:port; a port of 0 takes a free one.
	Listen string
	// PasswordFile holds the password that each statement must carry (CreatePassword).
	PasswordFile string
	// Own is the program whose data these are, as the first comment of its User-Agent: a quarter of requests and statements is kept for it.
	Own string
	// Unguarded lets clients do what libchdb can, with files, networks and programs too. A benchmark needs it whose tables
	// read from Kafka, and the test that shows what the guard is for.
	Unguarded bool
}

// OwnerWait is how long the owner of the data folder before this one may take to end, and to give up its port: its parent may just have been
// killed.
const OwnerWait = 5 * time.Second

// orphanWait is how long statements may take to end when the parent is gone, so that its successor gets the folder.
const orphanWait = time.Second

// errEndless is why a process ends with statements at work, as if it were killed.
var errEndless = errors.New("the parent has ended, and a statement has not: the process ends without it")

// Serve loads the library at lib, opens the data folder, and serves HTTP on ln until ctx is done; it then finishes running
// queries, or ends them if it has lost its parent, and closes the engine. A folder that another process uses is an error that names it. A process may call Serve
// once: the engine starts once in a process.
func Serve(ctx context.Context, lib string, cfg Config, ln net.Listener, log *slog.Logger) (err error) {
	password, err := ReadPassword(cfg.PasswordFile)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	own, err := folder.Own(cfg.Data, OwnerWait)
	if err != nil {
		return errors.Join(fmt.Errorf("embedded ClickHouse: %w", err), ln.Close())
	}
	defer func() {
		if !errors.Is(err, errUnwritten) && !errors.Is(err, errEndless) { // then the engine runs until the process ends
			_ = own.Release()
		}
	}()
	dir, err := filepath.Abs(cfg.Data)
	if err != nil { // leaveFolder makes relative paths useless
		return errors.Join(fmt.Errorf("embedded ClickHouse: data folder: %w", err), ln.Close())
	}
	config, err := prepare(dir, cfg.Unguarded, log)
	if err != nil {
		return errors.Join(fmt.Errorf("embedded ClickHouse: %w", err), ln.Close())
	}
	l, err := load(lib)
	if err != nil {
		return errors.Join(fmt.Errorf("embedded ClickHouse: %w", err), ln.Close())
	}
	l.setSignalHandlers(0) // Go's own stay in place
	before := setAside(dir)
	pool, err := newPool(cfg.Own, func() (*conn, error) { return open(l, dir, config) })
	if err != nil {
		return errors.Join(fmt.Errorf("embedded ClickHouse: %w", err), ln.Close())
	}
	if err := renameUnwritten(dir, before); err != nil {
		log.Warn("parts that were not written because the disk was full will be reported as damaged", "error", err)
	}
	if err := ignoreStackSignal(); err != nil {
		return errors.Join(fmt.Errorf("embedded ClickHouse: %w", err), ln.Close(), pool.close())
	}
	if !cfg.Unguarded {
		if err := leaveFolder(dir); err != nil {
			return errors.Join(fmt.Errorf("embedded ClickHouse: %w", err), ln.Close(), pool.close())
		}
	}
	h := &handler{
		pool: pool, password: password, unguarded: cfg.Unguarded, log: log,
		own: cfg.Own, admitted: newShare(maxRequests), unwritten: make(chan struct{}),
		parts: &lister{path: filepath.Join(dir, partsFile), keep: pool.keep},
	}
	if err := h.identify(); err != nil {
		return errors.Join(fmt.Errorf("embedded ClickHouse: %w", err), ln.Close(), pool.close())
	}
	server := newServer(h, log)
	statements, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server.BaseContext = func(net.Listener) context.Context { return statements }
	stopped := make(chan error, 1)
	endless := make(chan struct{})
	go func() {
		<-ctx.Done()
		if errors.Is(context.Cause(ctx), errOrphaned) {
			end()
			time.AfterFunc(orphanWait, func() { close(endless) })
		}
		stopped <- server.Shutdown(context.WithoutCancel(ctx))
	}()
	over := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		h.watch(over)
	}()
	listing, endList := context.WithCancel(context.WithoutCancel(ctx))
	defer endList()
	listEnded := make(chan struct{})
	go func() {
		defer close(listEnded)
		h.parts.run(listing, func(err error) { log.Debug("parts not listed", "error", err) })
	}()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listen(ln, log)) }()
	log.Info("ready", "address", ln.Addr().String(), "data", dir, "version", h.version)
	select {
	case <-h.unwritten: // closing in order would write more
		_ = os.WriteFile(filepath.Join(dir, fullMarker), nil, 0o600) // without it the next start reports damage
		return fmt.Errorf("embedded ClickHouse: data folder %q: %w", dir, errUnwritten)
	case err = <-served:
	}
	if errors.Is(err, http.ErrServerClosed) {
		select {
		case err = <-stopped:
		case <-endless:
			return fmt.Errorf("embedded ClickHouse: data folder %q: %w", dir, errEndless)
		}
	}
	close(over)
	<-watched
	endList()
	<-listEnded
	err = errors.Join(err, pool.close())
	if l.shutdown() != 0 {
		log.Debug("some of the engine's threads run until the process ends, which does no harm")
	}
	return err
}

// prepare looks for what the engine would not miss, and writes its configuration. From here on the engine changes what the list is about.
func prepare(dir string, unguarded bool, log *slog.Logger) (config string, err error) {
	list := filepath.Join(dir, partsFile)
	config, listed, err := writeConfig(dir, unguarded)
	if err != nil {
		return "", err
	}
	if !listed { // a program that keeps no list may have used the folder since
		if err := removeList(list); err != nil {
			return "", err
		}
	}
	tables, err := readList(list)
	if err != nil {
		log.Warn("the list of the parts in use is damaged: parts whose folders are gone since the last stop are not reported, nor tables whose definitions are gone and that have no rows; dwell audit compares what is counted with the events",
			"file", list, "error", err)
	}
	if err := checkMetadata(dir, tables); err != nil {
		return "", err
	}
	if err := markGone(dir, tables); err != nil {
		return "", err
	}
	return config, removeList(list)
}

// handler serves ClickHouse's HTTP interface.
type handler struct {
	pool              *pool
	password          string
	unguarded         bool
	log               *slog.Logger
	own               string // the program for which requests are kept
	admitted          share
	version, timezone string
	// unwritten is closed when the engine has failed to write something.
	unwritten chan struct{}
	failed    sync.Once
	parts     *lister
}

// identify asks the engine for the version and time zone that the headers carry.
func (h *handler) identify() error {
	_, err := h.pool.keep.query("SELECT version(), timezone()", "TabSeparated", nil, func(piece []byte) error {
		h.version, h.timezone, _ = strings.Cut(strings.TrimSpace(string(piece)), "\t")
		return nil
	})
	return err
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hasQuery := r.URL.Query().Get("query") != ""
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		http.Error(w, "only GET, HEAD and POST are served", http.StatusMethodNotAllowed)
	case r.URL.Path == "/ping", r.URL.Path == "/" && !hasQuery && r.Method != http.MethodPost:
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		_, _ = io.WriteString(w, "Ok.\n")
	case r.URL.Path != "/" && r.URL.Path != "/query" && !hasQuery:
		http.Error(w, "There is no handle "+r.URL.Path, http.StatusNotFound)
	default:
		if why := h.refused(r); why != nil {
			refuse(w, http.StatusForbidden, why)
			return
		}
		defer work(r)()
		leave, entered := h.admitted.enter(isOwn(r.UserAgent(), h.own), atOnce)
		if !entered {
			refuse(w, http.StatusServiceUnavailable, errTooManyRequests)
			return
		}
		defer leave()
		r.Body = &patient{ReadCloser: r.Body, control: http.NewResponseController(w)}
		h.statement(w, r)
	}
}

// local reports whether a web origin is of this machine.
func local(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (h *handler) statement(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-ClickHouse-Timezone", h.timezone)
	q, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := h.run(r.Context(), w, q); err != nil {
		h.log.Debug("response interrupted", "query_id", q.queryID, "error", err)
	}
}

const (
	// headBytes is how far into the text the data of an INSERT must begin; it is ClickHouse's max_query_size.
	headBytes = 256 << 10
	// aheadBytes of an INSERT's data are read before the engine hears of it, so that a client that breaks off leaves nothing.
	aheadBytes = 32 << 20
)

// aheadBuffers are a few that are not in use. Fresh memory for each INSERT would be cleared by the kernel each time.
var aheadBuffers = make(chan *bytes.Buffer, 2)

func aheadBuffer() *bytes.Buffer {
	select {
	case b := <-aheadBuffers:
		b.Reset()
		return b
	default:
		return new(bytes.Buffer)
	}
}

func giveBack(b *bytes.Buffer) {
	select {
	case aheadBuffers <- b:
	default:
	}
}

// run reads the statement and runs it. An error is one of sending the answer.
func (h *handler) run(ctx context.Context, w http.ResponseWriter, q *request) error {
	head, err := io.ReadAll(io.LimitReader(q.text, headBytes))
	if err != nil {
		fail(w, q, fmt.Errorf("the request broke off: %w", err))
		return nil
	}
	st := parse(string(head))
	if !st.takesData && len(head) == headBytes {
		rest, err := io.ReadAll(io.LimitReader(q.text, maxTextBytes-headBytes+1))
		if err != nil {
			fail(w, q, fmt.Errorf("the request broke off: %w", err))
			return nil
		}
		if head = append(head, rest...); len(head) > maxTextBytes {
			fail(w, q, errTooLong)
			return nil
		}
		st = parse(string(head))
	}
	text := head
	if st.takesData {
		text = head[:st.clause]
	}
	err = h.forbidden(text, st.takesData)
	if err == nil && !h.unguarded && st.bringsUnsafe(text) {
		err = denied("data in the formats ORC and Parquet are not read here, since damaged ones end the engine; write them as Native, CSV or JSONEachRow, which clickhouse-local does")
	}
	if err != nil {
		fail(w, q, err)
		return nil
	}

	c, give, err := h.pool.take(ctx, q.program, q.session, q.sessionTimeout)
	if err != nil {
		fail(w, q, err)
		return nil
	}
	returned := false
	defer func() {
		if !returned {
			give()
		}
	}()
	var data io.Reader
	if st.takesData {
		ahead := aheadBuffer()
		defer giveBack(ahead)
		ahead.Write(head[st.data:])
		if _, err := io.CopyN(ahead, q.text, aheadBytes); err != nil && !errors.Is(err, io.EOF) {
			fail(w, q, fmt.Errorf("the request broke off: %w", err))
			return nil
		}
		data = io.MultiReader(ahead, q.text)
	}
	over := h.attend(ctx, c)
	lend := give
	give = func() {
		over()
		lend()
	}
	if q.session == "" && q.database == "" {
		q.database = "default"
	}
	c.broken = q.session == "" && lasting(q.settings)
	if err := c.session(q.database, q.settings); err != nil {
		fail(w, q, err)
		return nil
	}
	if q.readOnly && !c.readOnly(string(text)) {
		fail(w, q, &exception{code: 164, name: "READONLY", text: "Code: 164. DB::Exception: Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries. (READONLY)"})
		return nil
	}
	if mayTakeParts(c, st, text) {
		release, err := h.parts.hold()
		if err != nil {
			fail(w, q, err)
			return nil
		}
		defer release()
	}
	format := first(st.format, q.format)
	reply, err := newReply(w, q, format)
	if err != nil {
		return err
	}
	isStream := streamed(st, format, q, text)
	var n counts
	switch {
	case st.takesData:
		n, err = c.insert(ctx, string(text), st.format, q.params, data)
	case isStream:
		n, err = c.stream(ctx, string(text), format, q.params, reply.write)
		if errors.Is(err, errNotStreamable) {
			n, err = c.query(string(text), format, q.params, reply.write)
		}
	default:
		n, err = c.query(string(text), format, q.params, reply.write)
	}
	if err == nil && !isStream {
		err = h.written()
	}
	if st.changesSession(text) {
		// What it changed is the session's, and without one must not reach the next request.
		c.database, c.broken = "", q.session == ""
	}
	give()
	returned = true
	return reply.finish(n, err)
}

// streamed reports whether the pieces of the result, written one after another, are the result in this format.
func streamed(st statement, format string, q *request, text []byte) bool {
	switch st.kind {
	case "SELECT", "WITH", "(", "FROM":
	default:
		return false
	}
	switch format {
	case "Native", "RowBinary", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "Raw", "CSV", "TSKV", "LineAsString", "RawBLOB",
		"JSONCompactEachRow", "JSONStringsEachRow", "JSONCompactStringsEachRow":
		return true
	case "JSONEachRow", "JSONLines", "NDJSON":
		// One setting makes an array of the rows, with a bracket at each end.
		const array = "output_format_json_array_of_rows"
		return q.settings[array] == "" && !bytes.Contains(text, []byte(array))
	}
	return false
}
