package clickhouse_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// post sends a statement and gives the answer with its whole body.
func post(t testing.TB, s clickhousetest.Server, params url.Values, body string) (*http.Response, string) {
	t.Helper()
	if params == nil {
		params = url.Values{}
	}
	params.Set("database", s.Database)
	response, err := http.Post(s.URL()+"?"+params.Encode(), "", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// ask is post for a statement that must succeed.
func ask(t testing.TB, s clickhousetest.Server, params url.Values, body string) string {
	t.Helper()
	response, text := post(t, s, params, body)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", body, response.Status, text)
	}
	return text
}

// needed skips a test whose outside program is not here; CI has them all.
func needed(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("%s: %v", what, err)
}

func TestCurlReadsAnyFormat(t *testing.T) {
	curl, err := exec.LookPath("curl")
	needed(t, "curl", err)
	s := clickhousetest.Start(t)
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), curl, append([]string{"-sS", "--fail-with-body"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl %q: %v: %s", args, err, out)
		}
		return string(out)
	}
	base := s.URL()
	if got := run(base + "ping"); got != "Ok.\n" {
		t.Errorf("ping: %q", got)
	}
	run(base+"?database="+s.Database, "-d", "CREATE TABLE t (bcp String, n UInt32) ENGINE = MergeTree ORDER BY bcp")
	run(base+"?database="+s.Database, "-d", "INSERT INTO t VALUES ('Torkham', 3), ('Aqina', 1)")
	run(base+"?database="+s.Database+"&query=INSERT+INTO+t+FORMAT+CSV", "--data-binary", "Zaranj,7\nHairatan,5\n")
	run(base+"?database="+s.Database, "--data-binary", "INSERT INTO t FORMAT JSONEachRow\n{\"bcp\":\"Torghundi\",\"n\":2}")

	const all = "SELECT bcp, n FROM t ORDER BY bcp"
	tsv := "Aqina\t1\nHairatan\t5\nTorghundi\t2\nTorkham\t3\nZaranj\t7\n"
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"text in the body", []string{base + "?database=" + s.Database, "-d", all}, tsv},
		{"text in the URL", []string{"-G", base, "-d", "database=" + s.Database, "--data-urlencode", "query=" + all}, tsv},
		{"half in the URL, half in the body", []string{base + "?database=" + s.Database + "&query=SELECT+bcp,+n", "-d", "FROM t ORDER BY bcp"}, tsv},
		{"database in a header", []string{base, "-H", "X-ClickHouse-Database: " + s.Database, "-d", all}, tsv},
		{"FORMAT CSVWithNames", []string{base + "?database=" + s.Database, "-d", all + " LIMIT 1 FORMAT CSVWithNames"}, "\"bcp\",\"n\"\n\"Aqina\",1\n"},
		{"default_format", []string{base + "?database=" + s.Database + "&default_format=JSONEachRow", "-d", all + " LIMIT 1"}, "{\"bcp\":\"Aqina\",\"n\":1}\n"},
		{"FORMAT before SETTINGS", []string{base + "?database=" + s.Database, "-d", all + " LIMIT 1 FORMAT CSV SETTINGS max_threads = 1"}, "\"Aqina\",1\n"},
		{"a parameter", []string{base + "?database=" + s.Database + "&param_least=4", "-d", "SELECT count() FROM t WHERE n > {least:UInt32}"}, "2\n"},
		{"a setting", []string{base + "?max_block_size=11", "-d", "SELECT getSetting('max_block_size')"}, "11\n"},
		{"gzip", []string{"--compressed", "-H", "Accept-Encoding: gzip", base + "?enable_http_compression=1&database=" + s.Database, "-d", all}, tsv},
	} {
		if got := run(c.args...); got != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}

	var rows struct {
		Data []struct {
			BCP string `json:"bcp"`
			N   int    `json:"n"`
		}
		Rows int
	}
	if err := json.Unmarshal([]byte(run(base+"?database="+s.Database, "-d", all+" FORMAT JSON")), &rows); err != nil || rows.Rows != 5 || rows.Data[4].N != 7 {
		t.Errorf("FORMAT JSON: %+v, %v", rows, err)
	}
	for format, begins := range map[string]string{
		"Parquet": "PAR1", "ArrowStream": "\xff\xff\xff\xff", "Native": "\x02", "RowBinary": "\x05Aqina", "XML": "<?xml",
		"Pretty": " ", "Markdown": "|", "TSVWithNamesAndTypes": "bcp\tn\n", "JSONCompactEachRow": "[\"Aqina\"", "Vertical": "Row 1",
	} {
		if got := run(base+"?database="+s.Database, "-d", all+" FORMAT "+format); !strings.HasPrefix(got, begins) {
			t.Errorf("FORMAT %s begins with %.20q, not %q", format, got, begins)
		}
	}
}

func TestClickHouseConnectWorks(t *testing.T) {
	python := os.Getenv("CLICKHOUSE_CONNECT_PYTHON")
	if python == "" {
		python = "python3"
	}
	err := exec.Command(python, "-c", "import clickhouse_connect").Run()
	needed(t, "no clickhouse-connect: `pip install -r deploy/embedded/clickhouse/testdata/requirements.txt`, and CLICKHOUSE_CONNECT_PYTHON names its Python", err)
	s := clickhousetest.Start(t)
	out, err := exec.CommandContext(t.Context(), python, "testdata/client.py", s.Addr, s.Database, s.Password).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "ok" {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestResponseHeadersCarrySummaryAndFormat(t *testing.T) {
	s := clickhousetest.Start(t)
	ask(t, s, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	response, _ := post(t, s, url.Values{"query": {"INSERT INTO t FORMAT TSV"}, "query_id": {"q-1"}}, "1\n2\n3\n")
	var summary map[string]string
	if err := json.Unmarshal([]byte(response.Header.Get("X-ClickHouse-Summary")), &summary); err != nil || summary["written_rows"] != "3" {
		t.Errorf("summary of an insert: %v, %v", summary, err)
	}
	if id := response.Header.Get("X-ClickHouse-Query-Id"); id != "q-1" {
		t.Errorf("query id %q", id)
	}
	response, _ = post(t, s, nil, "SELECT x FROM t FORMAT JSON")
	for name, want := range map[string]string{"X-ClickHouse-Format": "JSON", "Content-Type": "application/json; charset=UTF-8"} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
	if response.Header.Get("X-ClickHouse-Timezone") == "" || response.Header.Get("X-ClickHouse-Query-Id") == "" {
		t.Errorf("headers: %v", response.Header)
	}
}

func TestErrorsHaveStatusAndCodeOfAServer(t *testing.T) {
	s := clickhousetest.Start(t)
	for _, c := range []struct {
		sql    string
		params url.Values
		status int
		code   string
	}{
		{"SELECT * FROM nowhere", nil, 404, "60"},
		{"SELECT nothing", nil, 404, "47"},
		{"SELEC 1", nil, 400, "62"},
		{"SELECT throwIf(1)", nil, 500, "395"},
		{"SELECT throwIf(1) FORMAT JSON", nil, 500, "395"},
		{"SELECT 1", url.Values{"no_such_setting": {"1"}}, 404, "115"},
		{"SELECT 1", url.Values{"x'; DROP": {"1"}}, 404, "115"},
		{"SELECT {x:UInt8}", nil, 500, "456"},
		{"SELECT 1", url.Values{"max_threads": {"many"}}, 400, ""},
		{"INSERT INTO nowhere FORMAT CSV\n1", nil, 404, "60"},
	} {
		response, text := post(t, s, c.params, c.sql)
		code := response.Header.Get("X-ClickHouse-Exception-Code")
		if code == "" || c.code != "" && (code != c.code || response.StatusCode != c.status) || !strings.HasPrefix(text, "Code: "+code+". ") {
			t.Errorf("%s %v: %s, code %q, %q", c.sql, c.params, response.Status, code, text)
		}
	}
	if got := ask(t, s, nil, "SELECT 1"); got != "1\n" {
		t.Errorf("afterwards: %q", got)
	}
	// A database that is not there.
	response, err := http.Post(s.URL()+"?database=no%60where", "", strings.NewReader("SELECT 1"))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 404 || response.Header.Get("X-ClickHouse-Exception-Code") != "81" {
		t.Errorf("unknown database: %s %v", response.Status, response.Header)
	}
}

func TestErrorInAStreamedResponseIsFramed(t *testing.T) {
	s := clickhousetest.Start(t)
	response, text := post(t, s, url.Values{"enable_http_compression": {"0"}}, "SELECT throwIf(number = 30000000) FROM numbers(40000000)")
	tag := response.Header.Get("X-ClickHouse-Exception-Tag")
	if response.StatusCode != http.StatusOK || len(tag) != 16 {
		t.Fatalf("%s, tag %q", response.Status, tag)
	}
	_, frame, found := strings.Cut(text, "\r\n__exception__\r\n"+tag+"\r\n")
	if !found || !strings.HasPrefix(frame, "Code: 395.") || !strings.HasSuffix(frame, " "+tag+"\r\n__exception__\r\n") {
		t.Errorf("the answer ends with %q", text[max(0, len(text)-400):])
	}
}

func TestGetChangesNothing(t *testing.T) {
	s := clickhousetest.Start(t)
	for sql, status := range map[string]int{
		"SELECT 1": 200, "SHOW TABLES": 200, "CREATE TABLE " + s.Database + ".t (x Int8) ENGINE = Memory": 500, "DROP DATABASE " + s.Database: 500,
	} {
		response, err := http.Get(s.URL() + "?query=" + url.QueryEscape(sql))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: %s", sql, response.Status)
		}
	}
	request, _ := http.NewRequest(http.MethodPost, s.URL(), strings.NewReader("SELECT 1"))
	request.Header.Set("Origin", "https://somewhere.example")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a page from elsewhere: %s", response.Status)
	}
}

func TestSessionKeepsItsSettingsAndTables(t *testing.T) {
	s := clickhousetest.Start(t)
	one := url.Values{"session_id": {"one"}}
	ask(t, s, one, "CREATE TEMPORARY TABLE seen (x UInt8)")
	ask(t, s, one, "INSERT INTO seen VALUES (1), (2)")
	ask(t, s, one, "SET max_block_size = 13")
	if got := ask(t, s, one, "SELECT count(), getSetting('max_block_size') FROM seen"); got != "2\t13\n" {
		t.Errorf("the session has %q", got)
	}
	if response, text := post(t, s, nil, "SELECT count() FROM seen"); response.StatusCode != 404 {
		t.Errorf("without it: %s %q", response.Status, text)
	}
	if got := ask(t, s, url.Values{"session_id": {"two"}}, "SELECT getSetting('max_block_size') = 13"); got != "0\n" {
		t.Errorf("another session has %q", got)
	}
}

// TestRequestLeavesNothingToTheNextOne sends what the engine keeps in a connection, in ways that hide it, and asks as another client does.
func TestRequestLeavesNothingToTheNextOne(t *testing.T) {
	s := clickhousetest.Start(t)
	ask(t, s, nil, "CREATE TABLE trucks (id UInt8) ENGINE = MergeTree ORDER BY id")
	ask(t, s, nil, "INSERT INTO trucks VALUES (1)")
	const shadow = " PARALLEL WITH CREATE TEMPORARY TABLE trucks (id UInt8)"
	for _, request := range []struct {
		settings url.Values
		sql      string
	}{
		{sql: "DROP TABLE IF EXISTS elsewhere" + shadow},
		{sql: "INSERT INTO trucks SELECT 2 WHERE 0" + shadow},
		{sql: "ALTER TABLE trucks MODIFY COMMENT $$'$$" + shadow},
		{sql: "ALTER TABLE trucks MODIFY COMMENT \u2018'\u2019" + shadow},
		{sql: "\u00a0CREATE TEMPORARY TABLE trucks (id UInt8)"},
		{sql: "\u00a0SET limit = 1, offset = 1"}, // a blank that a document gives to who copies from it
		{sql: "\ufeffSET limit = 1, offset = 1"},
		{sql: "// all of them\nSET limit = 1, offset = 1"},
		{sql: "\u2003USE system"},
		{url.Values{"compatibility": {"20.1"}}, "SELECT 1"},
		{url.Values{"max_query_size": {"10"}}, "SELECT 1"},
		{url.Values{"max_parser_depth": {"2"}}, "SELECT 1"},
		{url.Values{"implicit_transaction": {"1"}}, "SELECT 1"},
	} {
		post(t, s, request.settings, request.sql) // some are an error, and leave something all the same
		const asked = "SELECT currentDatabase(), count(), countIf(name = 'enable_analyzer' AND value = '0') FROM trucks LEFT JOIN (SELECT name, value FROM system.settings) AS s ON s.name = 'enable_analyzer'"
		if got := ask(t, s, nil, asked); got != s.Database+"\t1\t0\n" {
			t.Errorf("after %q with %v: %q", request.sql, request.settings, got)
		}
	}
}

func TestInterruptedInsertLeavesNoRows(t *testing.T) {
	s := clickhousetest.Start(t)
	ask(t, s, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	gone := errors.New("the client is gone")
	body := io.MultiReader(strings.NewReader("1\n2\n3\n"), broken{gone})
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"?database="+s.Database+"&query=INSERT+INTO+t+FORMAT+TSV", body)
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Fatal("it was answered with", response.Status)
	}
	response, text := post(t, s, nil, "INSERT INTO t FORMAT TSV\n1\n2\nthree\n")
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("a row that is not a number: %s %s", response.Status, text)
	}
	if got := ask(t, s, nil, "SELECT count() FROM t"); got != "0\n" {
		t.Errorf("%q rows", got)
	}
}

func TestRefusedInsertReleasesItsTable(t *testing.T) {
	s := clickhousetest.Start(t)
	ask(t, s, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	var inserts sync.WaitGroup
	for range 8 { // each of several connections has one that was its last statement
		inserts.Go(func() {
			for range 5 {
				if response, text := post(t, s, nil, "INSERT INTO t VALUES (1), (2"); response.StatusCode == http.StatusOK {
					t.Errorf("half a row: %s", text)
				}
			}
		})
	}
	inserts.Wait()
	if got := ask(t, s, nil, "SELECT count() FROM system.processes WHERE current_database = currentDatabase() AND query LIKE 'INSERT%'"); got != "0\n" {
		t.Errorf("%q inserts still run, and would keep the table from being dropped", got)
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestLargeResponseIsStreamedAndCanBeCancelled(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector would take a minute over its bytes")
	}
	s := clickhousetest.Start(t)
	// 2.4 GB: more than anyone would want to hold, read until the reader has enough.
	ctx, cancel := context.WithCancel(t.Context())
	request, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(), strings.NewReader("SELECT number FROM numbers(300000000) FORMAT RowBinary"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.CopyN(io.Discard, response.Body, 100<<20)
	if err != nil || n != 100<<20 {
		t.Fatal(n, err)
	}
	cancel()
	_ = response.Body.Close()
	if got := ask(t, s, nil, "SELECT 1"); got != "1\n" {
		t.Errorf("afterwards: %q", got)
	}
}

func TestGzippedInsertIsDecoded(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector would take a minute over its bytes")
	}
	s := clickhousetest.Start(t)
	ask(t, s, nil, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x")
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	for i := range 500_000 {
		fmt.Fprintln(z, i)
	}
	_ = z.Close()
	request, _ := http.NewRequest(http.MethodPost, s.URL()+"?database="+s.Database+"&query=INSERT+INTO+t+FORMAT+TSV", &body)
	request.Header.Set("Content-Encoding", "gzip")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := ask(t, s, nil, "SELECT count(), sum(x) FROM t"); got != "500000\t124999750000\n" {
		t.Errorf("%s, then %q", response.Status, got)
	}
}

func TestConcurrentReadersSeeWholeInserts(t *testing.T) {
	s := clickhousetest.Start(t)
	ask(t, s, nil, "CREATE TABLE t (writer UInt8, x UInt64) ENGINE = MergeTree ORDER BY (writer, x)")
	const writers, batches, rows = 24, 5, 1000 // more writers than connections to the engine
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				var body strings.Builder
				for i := range rows {
					fmt.Fprintf(&body, "%d\t%d\n", w, b*rows+i)
				}
				if response, text := post(t, s, url.Values{"query": {"INSERT INTO t FORMAT TSV"}, "max_threads": {strconv.Itoa(w%3 + 1)}}, body.String()); response.StatusCode != 200 {
					t.Errorf("writer %d: %s", w, text)
				}
				if response, text := post(t, s, nil, "SELECT count() % "+strconv.Itoa(rows)+" FROM t"); response.StatusCode != 200 || text != "0\n" {
					t.Errorf("reader %d sees half a batch: %q", w, text)
				}
			}
		})
	}
	wg.Wait()
	if got, want := ask(t, s, nil, "SELECT count(), uniqExact(writer, x) FROM t"), fmt.Sprintf("%d\t%d\n", writers*batches*rows, writers*batches*rows); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
