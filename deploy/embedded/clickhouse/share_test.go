package clickhouse_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// Somebody with the login runs statements that take for ever, as many as are taken. One more is refused. What dwell asks is answered
// meanwhile, and so is another program once they have left.
func TestStatementsOfOthersLeaveRoomForDwell(t *testing.T) {
	engine := clickhousetest.Open(t, t.TempDir())
	s := engine.Server
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	send := func(ctx context.Context, program, sql string) (status int, text string) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(), strings.NewReader(sql))
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		request.Header.Set("User-Agent", program)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(body)
	}
	const most = 64
	refused := make(chan string, most+1)
	var long sync.WaitGroup
	for range most + 1 {
		long.Go(func() {
			if status, text := send(ctx, "curl/8", "SELECT sum(sleepEachRow(0.1)) FROM numbers(1000000) SETTINGS max_block_size = 1"); status != 0 {
				refused <- text
			}
		})
	}
	if got := <-refused; !strings.Contains(got, "TOO_MANY_SIMULTANEOUS_QUERIES") {
		t.Errorf("one statement too many is answered with %q", got)
	}
	for range 20 {
		if status, got := send(t.Context(), "clickhouse-go/2.50.0 (dwell; lv:go/1.26; os:linux)", "SELECT 1"); status != http.StatusOK || got != "1\n" {
			t.Fatalf("dwell is answered with %d %q", status, got)
		}
	}
	leave()
	long.Wait()
	for status := 0; status != http.StatusOK; { // the server hears of it a little later
		if status, _ = send(t.Context(), "curl/8", "SELECT 1"); t.Context().Err() != nil {
			t.Fatal("another program is not answered once the long statements have left")
		}
	}
}
