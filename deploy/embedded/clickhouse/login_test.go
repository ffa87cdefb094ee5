package clickhouse

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestRequestWithoutTheLoginIsRefused(t *testing.T) {
	h := &handler{password: "sesame"}
	basic := func(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
	f := func(story, target string, header http.Header, want int) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8123"+target, nil)
		r.Header = header
		if host := header.Get("Host"); host != "" {
			r.Host = host
		}
		code := 0
		if why := h.refused(r); why != nil {
			code = why.code
		}
		if code != want {
			t.Errorf("%s: code %d, want %d", story, code, want)
		}
	}
	f("an image of a web page", "/?query=SELECT+file('/etc/hostname')", http.Header{}, 516)
	f("a guess", "/?query=SELECT+1&user=default&password=guess", http.Header{}, 516)
	f("a guess in a header", "/", http.Header{"X-Clickhouse-Key": {"sesam"}}, 516)
	f("no password", "/?user=default&password=", http.Header{}, 516)
	f("another user", "/", http.Header{"X-Clickhouse-User": {"root"}, "X-Clickhouse-Key": {"sesame"}}, 516)
	f("a right password behind a wrong one", "/?password=sesame", http.Header{"X-Clickhouse-Key": {"guess"}}, 516)
	f("the URL", "/?user=default&password=sesame", http.Header{}, 0)
	f("the URL without a user", "/?password=sesame", http.Header{}, 0)
	f("ClickHouse's headers", "/", http.Header{"X-Clickhouse-User": {"default"}, "X-Clickhouse-Key": {"sesame"}}, 0)
	f("HTTP's own", "/", http.Header{"Authorization": {basic("default:sesame")}}, 0)
	f("HTTP's own, wrong", "/", http.Header{"Authorization": {basic("default:")}}, 516)
	f("a name that was pointed here", "/?password=sesame", http.Header{"Host": {"evil.example:8123"}}, 497)
	f("localhost", "/?password=sesame", http.Header{"Host": {"localhost:8123"}}, 0)
	f("an image of another site, with a login that the browser remembers", "/",
		http.Header{"Authorization": {basic("default:sesame")}, "Sec-Fetch-Site": {"cross-site"}}, 497)
	f("an address typed into a browser", "/?password=sesame", http.Header{"Sec-Fetch-Site": {"none"}}, 0)
	f("a page of another site", "/?password=sesame", http.Header{"Origin": {"https://evil.example"}}, 497)
}
