package clickhouse_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// TestStatementsEndWhenTheirClientHasLeft starts statements that take for ever, of each way in which one is run.
func TestStatementsEndWhenTheirClientHasLeft(t *testing.T) {
	s := clickhousetest.Start(t)
	ask(t, s, nil, "CREATE TABLE sink (x UInt64) ENGINE = Null")
	const working = "SELECT count() FROM system.processes WHERE query LIKE '%-- abandoned' AND query NOT LIKE '%system.processes%'"
	count := func(want string) func() bool {
		return func() bool { return ask(t, s, nil, working) == want }
	}
	statements := []string{
		"SELECT sum(sipHash64(number)) FROM numbers(1000000000000)",
		"SELECT sum(sipHash64(number)) FROM numbers(1000000000000) FORMAT JSON",
		"SELECT number FROM numbers(1000000000000) WHERE sipHash64(number) = 1 FORMAT CSV",
		"INSERT INTO sink SELECT sipHash64(number) FROM numbers(1000000000000)",
		"CREATE TABLE made ENGINE = Null AS SELECT sipHash64(number) FROM numbers(1000000000000)",
	}
	t.Cleanup(func() { ask(t, s, nil, "KILL QUERY WHERE query LIKE '%-- abandoned' ASYNC") })
	for _, sql := range statements {
		ctx, leave := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"?database="+s.Database, strings.NewReader(sql+" -- abandoned"))
		if err != nil {
			t.Fatal(err)
		}
		left := make(chan struct{})
		go func() {
			defer close(left)
			response, err := http.DefaultClient.Do(request)
			if err == nil {
				text, _ := io.ReadAll(response.Body)
				t.Errorf("%s ended by itself: %s", sql, text)
				_ = response.Body.Close()
			}
		}()
		wait(t, sql+" is at work", count("1\n"))
		leave()
		<-left
		wait(t, sql+" has ended", count("0\n"))
	}
}

// wait fails the test after a minute, which is much longer than anything takes that it is used for.
func wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}
