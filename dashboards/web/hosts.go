package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// OnlyHosts answers requests that name this server as it is known, and refuses others with 421.
//
// A page of another site can point a name of its own at this server's address (DNS rebinding); the browser then takes
// the answers for that site's. Such an attack needs a name, so any IP address is accepted, as are localhost and the
// given names, without port. A request without a Host (HTTP/1.0) comes from no browser and is accepted too.
func OnlyHosts(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := hostName(r.Host); !isAddress(name) && name != "" && name != "localhost" &&
			!slices.ContainsFunc(names, func(known string) bool { return hostName(known) == name }) {
			http.Error(w, fmt.Sprintf("host %q is not known here; add it to hosts in the configuration", name), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName is the name of a Host header, without port and in the form in which names are compared.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}
