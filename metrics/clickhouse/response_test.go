package clickhouse

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// statement is the statement of a request, which can be read again.
func statement(r *http.Request) string {
	text, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(text))
	return string(text)
}

// failed is the response to a statement that fails once ClickHouse has begun to respond, where a profile lets it report the
// progress. With wait_end_of_query it begins when the statement has ended.
func failed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-ClickHouse-Query-Id", "q")
	if r.URL.Query().Get("wait_end_of_query") == "1" {
		w.Header().Set("X-ClickHouse-Exception-Code", "241")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)\n")
		return
	}
	w.Header().Set("X-ClickHouse-Exception-Tag", tag)
	_, _ = io.WriteString(w, exceptionFrame)
}

func TestErrorAfterTheFirstBytesFailsTheStatement(t *testing.T) {
	voc := vocabulary(t)
	var failing atomic.Pointer[string]
	cfg := behind(t, func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		if begin := failing.Load(); begin != nil && strings.HasPrefix(statement(r), *begin) {
			failed(w, r)
			return
		}
		engine.ServeHTTP(w, r)
	})
	for begin, run := range map[string]func(*Store) error{
		"INSERT INTO owners":   func(s *Store) error { return s.AnnounceFlush(t.Context(), 1, engine.Owner{Epoch: 1, Number: 2}, 3) },
		"INSERT INTO redrives": func(s *Store) error { return s.Redriven(t.Context(), event.RecordOrigin("dwell.events", 1, 2)) },
		"CREATE":               func(s *Store) error { return migrate(t.Context(), freshOf(s.cfg)) },
	} {
		failing.Store(nil)
		s := open(t, cfg, voc)
		failing.Store(&begin)
		var exception *driver.Exception
		if err := run(s); !errors.As(err, &exception) || exception.Code != 241 {
			t.Errorf("%s: error is %v", begin, err)
		}
	}
}

// freshOf is a configuration with a database that does not exist yet.
func freshOf(cfg Config) Config {
	cfg.Database += "_fresh"
	return cfg
}

func TestErrorAfterTheFirstBytesFailsTheRead(t *testing.T) {
	voc := vocabulary(t)
	f := newFlush(voc)
	for name, end := range map[string]func(w http.ResponseWriter){
		"exception":       func(w http.ResponseWriter) { _, _ = io.WriteString(w, exceptionFrame) },
		"connection lost": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		for _, compression := range []string{"none", "lz4", "zstd"} {
			t.Run(name+" "+compression, func(t *testing.T) {
				var cut atomic.Bool
				cfg := behind(t, func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
					if !cut.Load() || !strings.Contains(statement(r), "FROM visits") {
						engine.ServeHTTP(w, r)
						return
					}
					whole := httptest.NewRecorder()
					engine.ServeHTTP(whole, r)
					w.Header().Set("X-ClickHouse-Query-Id", "q")
					w.Header().Set("X-ClickHouse-Exception-Tag", tag)
					_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
					_ = http.NewResponseController(w).Flush()
					end(w)
				})
				cfg.Compression = compression
				s := open(t, cfg, voc)
				if err := s.WriteVisits(t.Context(), 1, chunksOf(f.visits...)); err != nil {
					t.Fatal(err)
				}
				if n, err := s.countVisits(t); err != nil || n != len(f.visits) {
					t.Fatalf("%d of %d visits are read: %v", n, len(f.visits), err)
				}
				cut.Store(true)
				if n, err := s.countVisits(t); err == nil {
					t.Errorf("%d of %d visits are read without an error", n, len(f.visits))
				}
			})
		}
	}
}

// A proxy of HTTP/1.0 ends a response by closing the connection, as does a server that is killed.
func TestResponseWithoutAnEndIsRefused(t *testing.T) {
	cfg := behind(t, func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		whole := httptest.NewRecorder()
		engine.ServeHTTP(whole, r)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\nX-ClickHouse-Query-Id: q\r\n\r\n"+whole.Body.String())
		_ = c.Close()
	})
	if err := Check(t.Context(), cfg); !errors.Is(err, errNoEnd) {
		t.Errorf("error is %v", err)
	}
}

// revised is a server whose responses have blocks of a revision, which it tells.
func revised(revision string) func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
	return func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		values := r.URL.Query()
		values.Set("client_protocol_version", revision)
		r.URL.RawQuery = values.Encode()
		if !isInsert(r) {
			text := strings.Replace(statement(r), "revision()", "toUInt32("+revision+")", 1)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		}
		engine.ServeHTTP(w, r)
	}
}

// The oldest revision that the driver reads is that of 2022.
func TestOlderBlockRevisionIsRead(t *testing.T) {
	voc := vocabulary(t)
	f := newFlush(voc)
	for _, compression := range []string{"none", "lz4"} {
		cfg := behind(t, revised("54454"))
		cfg.Compression = compression
		s := open(t, cfg, voc)
		f.write(t, s)
		if n, err := s.countVisits(t); err != nil || n != len(f.visits) {
			t.Errorf("%s: %d of %d visits are read: %v", compression, n, len(f.visits), err)
		}
	}
}

func TestTooOldBlockRevisionIsReported(t *testing.T) {
	for _, revision := range []string{"54453", "0"} {
		if err := Check(t.Context(), behind(t, revised(revision))); err == nil || !strings.Contains(err.Error(), "ClickHouse is too old, or a proxy removes client_protocol_version") {
			t.Errorf("revision %s: error is %v", revision, err)
		}
	}
}

func TestLoginIsSentAndAWrongPasswordIsReported(t *testing.T) {
	const user, password = "dwell-writer", `p@ss:w/ord% "ü`
	server := clickhousetest.Start(t)
	front := server.Front(t, func(engine http.Handler, w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != password {
			w.Header().Set("X-ClickHouse-Exception-Code", "516")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "Code: 516. DB::Exception: "+u+": Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)\n")
			return
		}
		r.SetBasicAuth("default", server.Password)
		engine.ServeHTTP(w, r)
	})
	cfg := DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.User, cfg.Password = []string{front.Addr}, server.Database, user, password
	for _, compression := range []string{"none", "lz4"} {
		cfg.Compression = compression
		s := open(t, cfg, vocabulary(t))
		if err := s.WriteProgress(t.Context(), 1, &engine.Flush{AsOf: 4}); err != nil {
			t.Errorf("%s: %v", compression, err)
		}
		wrong := cfg
		wrong.Password = "guess-word"
		_, opened := Open(t.Context(), wrong, vocabulary(t))
		for name, err := range map[string]error{"check": Check(t.Context(), wrong), "open": opened} {
			if err == nil || !strings.Contains(err.Error(), "Authentication failed") || strings.Contains(err.Error(), wrong.Password) {
				t.Errorf("%s, %s: error is %v", compression, name, err)
			}
		}
	}
}
