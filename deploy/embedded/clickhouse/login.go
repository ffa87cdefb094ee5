package clickhouse

import (
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// refused is why a request may not be run, nil if it may.
//
// A page in a browser can send requests to this port without the person's knowledge: directly, which the login refuses,
// and by a name of its own that it points here (DNS rebinding), for which the Host header must be an address or localhost.
func (h *handler) refused(r *http.Request) *exception {
	if origin := r.Header.Get("Origin"); origin != "" && !local(origin) {
		return denied("a web page of another machine may not use this server")
	} else if site := r.Header.Get("Sec-Fetch-Site"); origin == "" && (site == "cross-site" || site == "same-site") {
		return denied("a web page of another site may not use this server") // a browser adds a login that it remembers
	}
	if r.Host != "" && !ownHost(r.Host) {
		return denied(fmt.Sprintf("host %q is not this machine's; use its address", r.Host))
	}
	user, password := credentials(r)
	if user != User || subtle.ConstantTimeCompare([]byte(password), []byte(h.password)) != 1 {
		return &exception{code: 516, name: "AUTHENTICATION_FAILED", text: fmt.Sprintf("Code: 516. DB::Exception: %s: Authentication failed: "+
			"the password is incorrect, or there is no user with such name; the password is in the data folder. (AUTHENTICATION_FAILED)", user)}
	}
	return nil
}

func denied(why string) *exception {
	return &exception{code: 497, name: "ACCESS_DENIED", text: "Code: 497. DB::Exception: " + why + ". (ACCESS_DENIED)"}
}

// refuse answers a request of which nothing has been read.
func refuse(w http.ResponseWriter, status int, e *exception) {
	w.Header().Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.code))
	http.Error(w, e.text, status)
}

// credentials are taken from where clients of ClickHouse put them: its headers, HTTP's own, or the URL.
func credentials(r *http.Request) (user, password string) {
	if user, password = r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key"); user != "" || password != "" {
		return first(user, User), password
	}
	if user, password, ok := r.BasicAuth(); ok {
		return first(user, User), password
	}
	values := r.URL.Query()
	return first(values.Get("user"), User), values.Get("password")
}

func ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || strings.EqualFold(host, "localhost")
}
