package api

import (
	"net/http"
	"net/url"
	"testing"
)

// FuzzRequest: whatever is asked, the answer is as described, and what is wrong with the question is never found out by
// the store.
func FuzzRequest(f *testing.F) {
	o := open(f)
	o.fill()
	for _, path := range []string{
		"overview", "measures", "agencies", "places", "places/" + torkham, "places/" + torkham + "/holders", "places/" + torkham + "/visits",
		"places/" + torkham + "/readings", "places/" + torkham + "/restatements", "places/" + torkham + "/usual", "places/" + torkham + "/reliability", "visits", "visits/T2%2Fb", "places/" + torkham + "/visits/T5", "annotations", "openapi.yaml", "places/",
		"places#%23", "places?", "places/%23",
	} {
		f.Add(path, "")
	}
	for _, query := range []string{
		"measure=wait/customs&grain=minute&direction=inbound", "grain=day&from=2026-01-01T00:00:00%2B04:30&to=2026-01-06T00:00:00Z",
		"channel=red&regime=transit&limit=1&cursor=MSBUMQ", "from=1990-01-01T00:00:00Z&to=2005-01-01T00:00:00Z&grain=day",
		"limit=10000", "format=csv", "format=ndjson&limit=1", "q=T%00'&holder=customs&status=inside&older_than_seconds=1", "by=departed&place=" + torkham, "grain=&grain=", "measure='%00\\", "%zz",
	} {
		f.Add("places/"+torkham+"/history", query)
		f.Add("places/"+torkham+"/visits", query)
		f.Add("places/"+torkham+"/restatements", query)
		f.Add("visits", query)
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		u, err := url.ParseRequestURI("/api/v1/" + path) // as net/http does: of "places#x" a server sees no fragment
		if err != nil {
			return
		}
		u.RawQuery = query
		o := *o
		o.t = t
		r := (&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}).WithContext(t.Context())
		switch response := o.ask(r, nil); response.StatusCode {
		case http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		default:
			t.Errorf("%s: %d", u, response.StatusCode)
		}
	})
}
