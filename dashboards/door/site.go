package door

import (
	"net/netip"
	"net/url"
	"strings"
)

// site is a host as it is compared: the name in lower case and without a final dot, an address in its shortest form.
type site struct {
	scheme string // "" where it is unknown
	name   string
	port   string // "" where it is that of the scheme
}

// parseHost reads a Host header: a name or an address, with or without a port, and nothing else.
func parseHost(host string) (s site, ok bool) {
	u, err := url.Parse("//" + host)
	if err != nil || u.Host != host || strings.HasSuffix(host, ":") {
		return s, false
	}
	return siteOf(u)
}

// parseOrigin reads an Origin header: scheme and host, and nothing else.
func parseOrigin(origin string) (s site, ok bool) {
	u, err := url.Parse(origin)
	if err != nil || !isWeb(u.Scheme) || !strings.EqualFold(u.Scheme+"://"+u.Host, origin) {
		return s, false
	}
	return siteOf(u)
}

func siteOf(u *url.URL) (s site, ok bool) {
	s = site{scheme: u.Scheme, name: strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), port: u.Port()}
	if addr, err := netip.ParseAddr(s.name); err == nil {
		s.name = addr.Unmap().String()
	}
	if s.port == usual[s.scheme] {
		s.port = ""
	}
	return s, s.name != "" && !strings.ContainsAny(s.name, "%*,; ")
}

// usual are the ports that an address need not name.
var usual = map[string]string{"http": "80", "https": "443"}

func isWeb(scheme string) bool { return usual[scheme] != "" }

// isAddress reports whether a name is an address, which no other site can point a name of its own at.
func (s site) isAddress() bool {
	_, err := netip.ParseAddr(s.name)
	return err == nil
}

// of reports whether an origin is that of a host. The scheme of a host is unknown unless a proxy says it, and then its port
// may be either of the usual ones.
func (s site) of(host site) bool {
	if host.scheme == "" && host.port == usual[s.scheme] {
		host.port = ""
	}
	return s.name == host.name && s.port == host.port && (host.scheme == "" || host.scheme == s.scheme)
}

// originOf is the origin of an address, which may have a path.
func originOf(address string) (s site, ok bool) {
	u, err := url.Parse(address)
	if err != nil || !isWeb(u.Scheme) {
		return s, false
	}
	return siteOf(u)
}
