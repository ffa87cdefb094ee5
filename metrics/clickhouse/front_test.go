package clickhouse

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
)

// behind is the configuration of a database behind a proxy.
func behind(t testing.TB, handle func(engine http.Handler, w http.ResponseWriter, r *http.Request), configure ...func(*http.Server)) Config {
	t.Helper()
	server := clickhousetest.Start(t).Front(t, handle, configure...)
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.Password = []string{server.Addr}, server.Database, server.Password
	return cfg
}

// isInsert reports whether a request has the rows of an insert, or their statement.
func isInsert(r *http.Request) bool { return strings.HasPrefix(r.URL.Query().Get("query"), "INSERT") }

// hangUp closes the connection of a request without a response.
func hangUp(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = c.Close()
	}
}

const page = "<html><body>We are back soon.</body></html>"

// unavailable is what a proxy answers that has no server.
func unavailable(w http.ResponseWriter) { http.Error(w, page, http.StatusServiceUnavailable) }

// faults are what a proxy may do to an insert in place of passing it on.
var faults = map[string]func(engine http.Handler, w http.ResponseWriter, r *http.Request){
	"no server": func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { unavailable(w) },
	"no server once it has the rows": func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		unavailable(w)
	},
	"response lost": func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		engine.ServeHTTP(httptest.NewRecorder(), r)
		unavailable(w)
	},
	"connection lost": func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { hangUp(w) },
	"connection lost after the insert": func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		engine.ServeHTTP(httptest.NewRecorder(), r)
		hangUp(w)
	},
	"half the rows passed on as all of them": func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		rows, _ := io.ReadAll(r.Body)
		half := r.Clone(r.Context())
		half.Body, half.ContentLength = io.NopCloser(bytes.NewReader(rows[:len(rows)/2])), int64(len(rows)/2)
		engine.ServeHTTP(httptest.NewRecorder(), half)
		hangUp(w)
	},
	"page with status 200": func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, page)
	},
	"exception after status 200": func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-ClickHouse-Query-Id", "q")
		w.Header().Set("X-ClickHouse-Exception-Tag", tag)
		_, _ = io.WriteString(w, exceptionFrame)
	},
}

const (
	tag            = "abcdefghijklmnop"
	exceptionFrame = "\r\n__exception__\r\n" + tag + "\r\nCode: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)\n72 " + tag + "\r\n__exception__\r\n"
)

// write writes a flush as a shard does, each part again until it has been written, and returns how often a part failed.
func (f *flush) write(t *testing.T, s *Store) (failed int) {
	t.Helper()
	for name, part := range map[string]func() error{
		"events":  func() error { return s.WriteRaw(t.Context(), 1, &f.raw) },
		"windows": func() error { return s.WriteWindows(t.Context(), 1, pointers(f.windows...)) },
		"visits":  func() error { return s.WriteVisits(t.Context(), 1, chunksOf(f.visits...)) },
		"progress": func() error {
			return s.WriteProgress(t.Context(), 1, &engine.Flush{AsOf: 4, Latest: 5, Watermark: 3, HasLatest: true})
		},
	} {
		for err := part(); err != nil; err = part() {
			if failed++; failed > 40 {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	return failed
}

// tables says what each table holds.
func (s *Store) tables(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"events", "visits", "windows", "progress"} {
		all.WriteString(table + ": " + s.text(t, "SELECT count(), groupBitXor(cityHash64(toString(tuple(* EXCEPT 'written_at')))) FROM "+table+" FINAL") + "\n")
	}
	return all.String()
}

// undisturbed is what the tables hold when the flush is written without a proxy.
func (f *flush) undisturbed(t *testing.T, voc *event.Vocabulary) string {
	t.Helper()
	s := open(t, fresh(t), voc)
	f.write(t, s)
	return s.tables(t)
}

// countVisits reads all visits as a recovery does.
func (s *Store) countVisits(t *testing.T) (n int, err error) {
	t.Helper()
	err = s.RecentVisits(t.Context(), 1, -1<<62, 0, func(*visit.Row) error { n++; return nil }, func(visit.Key) {})
	return n, err
}

func TestFaultsOfAProxyLoseAndRepeatNoRows(t *testing.T) {
	voc := vocabulary(t)
	f := newFlush(voc)
	want := f.undisturbed(t, voc)
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			var inserts atomic.Int64
			cfg := behind(t, func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
				if isInsert(r) && inserts.Add(1)%2 == 1 {
					fault(engine, w, r)
					return
				}
				engine.ServeHTTP(w, r)
			})
			s := open(t, cfg, voc)
			failed := f.write(t, s)
			if failed < 4 {
				t.Errorf("%d writes failed, of which each table should have one", failed)
			}
			if got := s.tables(t); got != want {
				t.Errorf("the tables hold\n%swant\n%s", got, want)
			}
		})
	}
}

func TestPageOfAProxyIsNotAnAnswer(t *testing.T) {
	cfg := behind(t, func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	if err := Check(t.Context(), cfg); !errors.Is(err, errNotClickHouse) {
		t.Errorf("error is %v", err)
	}
}

// A proxy may read a request to its end before it sends it on, with a length in place of chunks, and a response likewise. It
// may also close each connection as soon as it is idle.
func TestBufferingAndHangingUpChangeNoRows(t *testing.T) {
	voc := vocabulary(t)
	f := newFlush(voc)
	want := f.undisturbed(t, voc)
	buffering := func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // what is incomplete is not sent on
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		whole := httptest.NewRecorder()
		engine.ServeHTTP(whole, r)
		for name, values := range whole.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(whole.Code)
		_, _ = w.Write(whole.Body.Bytes())
	}
	passing := func(engine http.Handler, w http.ResponseWriter, r *http.Request) { engine.ServeHTTP(w, r) }
	var writing atomic.Bool
	impatient := func(s *http.Server) {
		s.ConnState = func(c net.Conn, state http.ConnState) {
			if state == http.StateIdle && writing.Load() {
				_ = c.Close()
			}
		}
	}
	for name, cfg := range map[string]Config{
		"buffers": behind(t, buffering), "hangs up": behind(t, passing, impatient), "both": behind(t, buffering, impatient),
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, cfg, voc)
			writing.Store(true)
			f.write(t, s)
			writing.Store(false)
			if got := s.tables(t); got != want {
				t.Errorf("the tables hold\n%swant\n%s", got, want)
			}
			if n, err := s.countVisits(t); err != nil || n != len(f.visits) {
				t.Errorf("%d of %d visits are read back: %v", n, len(f.visits), err)
			}
		})
	}
}
