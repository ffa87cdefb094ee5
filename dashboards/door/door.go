// Package door decides which requests the web port answers.
//
// It promises that pages of other sites read nothing, send nothing and show nothing of this server, under whatever name they reach
// it; that every answer carries the headers by which browsers hold to that; and that each refusal says why and the way out, is
// counted by kind, and is logged once a kind and then now and then. SECURITY.md has the table of what is answered. It refuses to tell
// people apart: a proxy in front does that.
package door

import (
	"fmt"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// Door answers requests of those who may ask, and refuses others.
type Door struct {
	names    []string // of this server
	own      []site   // the origins of its pages under other addresses than it was asked
	external []site   // the origins of other pages that may ask
	posts    []string // paths that take POST, and those that end in a slash take DELETE of what is below them
	proxies  networks
	guarded  bool // only what comes through the proxies, or from this machine, is answered
	refusals *Refusals
	next     http.Handler
}

// public are the paths that are not for the proxies alone, since Prometheus and orchestrators ask for them directly.
var public = []string{"/metrics", "/healthz", "/readyz"}

// New makes the door of a handler, under a configuration that was validated. Names are those of this server besides the configured ones, and
// posts are the paths that take POST with a body; one that ends in a slash takes DELETE of what is below it instead.
func New(cfg Config, names []string, refusals *Refusals, next http.Handler, posts ...string) *Door {
	d := &Door{names: []string{"localhost"}, guarded: len(cfg.BehindProxy) > 0 && !cfg.Open, refusals: refusals, next: next, posts: posts}
	d.proxies, _ = parseNetworks(cfg.BehindProxy)
	for _, name := range append(slices.Clone(names), cfg.Hosts...) {
		if s, ok := parseHost(name); ok {
			d.names = append(d.names, s.name)
		}
	}
	if s, ok := originOf(cfg.ExternalURL); ok {
		d.names, d.own = append(d.names, s.name), append(d.own, s)
	}
	for _, origin := range cfg.AllowedOrigins {
		if s, ok := parseOrigin(origin); ok {
			d.external = append(d.external, s)
		}
	}
	return d
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	r, host, refused := d.received(r)
	if refused == nil {
		refused = d.judge(r, host)
	}
	if refused != nil {
		if refused.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, HEAD")
		}
		d.refusals.Answer(w, r, refused.kind, refused.status, refused.why)
		return
	}
	d.next.ServeHTTP(w, r)
}

// refusal is why a request is refused.
type refusal struct {
	kind   Kind
	status int
	why    string
}

func refuse(kind Kind, status int, format string, args ...any) *refusal {
	return &refusal{kind, status, fmt.Sprintf(format, args...)}
}

// judge decides about a request for a host.
func (d *Door) judge(r *http.Request, host string) *refusal {
	asked, ok := parseHost(host)
	switch {
	case host == "": // HTTP/1.0, which no browser speaks
		return refuse(Host, http.StatusMisdirectedRequest, "the request names no host; send a Host header with an IP address, localhost or a name of web.hosts")
	case !ok || !asked.isAddress() && !slices.Contains(d.names, asked.name):
		return refuse(Host, http.StatusMisdirectedRequest, "host %q is not known here; set web.external_url, or add it to web.hosts", host)
	}
	asked.scheme = r.URL.Scheme
	if refused := d.judgeMethod(r); refused != nil {
		return refused
	}
	if r.Method == http.MethodPost || r.Method == http.MethodDelete {
		return d.judgePost(r, asked, host)
	}
	return d.judgeOrigin(r, asked, host)
}

func (d *Door) judgeMethod(r *http.Request) *refusal {
	switch {
	case r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Private-Network") != "":
		return refuse(PrivateNetwork, http.StatusForbidden, "pages of the internet reach nothing here")
	case r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
		return refuse(Preflight, http.StatusForbidden, "pages of other sites send nothing here")
	case r.Method == http.MethodPost && slices.Contains(d.posts, r.URL.Path):
	case r.Method != http.MethodGet && r.Method != http.MethodHead && (r.Method != http.MethodDelete || !d.removes(r.URL.Path)):
		return refuse(Method, http.StatusMethodNotAllowed, "%s is not supported; use GET or HEAD", r.Method)
	case r.ContentLength != 0:
		return refuse(Body, http.StatusRequestEntityTooLarge, "nothing here reads a body; ask with parameters in the address")
	}
	return nil
}

// removes reports whether a path is below one of posts.
func (d *Door) removes(at string) bool {
	return slices.ContainsFunc(d.posts, func(p string) bool { return strings.HasSuffix(p, "/") && len(at) > len(p) && strings.HasPrefix(at, p) })
}

// judgeOrigin decides by what a browser says of the page that asks. Programs say nothing of it.
func (d *Door) judgeOrigin(r *http.Request, asked site, host string) *refusal {
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		origin := strings.Join(origins, ", ")
		if origin == "null" {
			return refuse(NullOrigin, http.StatusForbidden, "the page has no origin, as a file or a frame in a sandbox; open http://%s itself", host)
		}
		page, ok := parseOrigin(origin)
		if !isFile(r.URL.Path) && (!ok || !page.of(asked) && !slices.Contains(d.own, page) && !slices.Contains(d.external, page)) {
			return refuse(Origin, http.StatusForbidden, "the page is of %q, and this server was asked as %q. If both are this server, the proxy in front "+
				"does not pass on Host: let it do so, or set web.external_url to the address of the page. If it is another site, "+
				"web.allowed_origins lets it open the live view", origin, host)
		}
		return nil
	}
	switch from := r.Header.Get("Sec-Fetch-Site"); {
	case from != "cross-site" && from != "same-site":
		return nil
	case r.Header.Get("Sec-Fetch-Mode") != "navigate":
		return refuse(CrossSite, http.StatusForbidden, "pages of other sites load nothing from here; a link to the page works")
	case r.Header.Get("Sec-Fetch-Dest") != "document":
		return refuse(Framed, http.StatusForbidden, "pages of other sites cannot show this one within themselves; a link to the page works")
	}
	return nil
}

// judgePost lets programs post and remove, and pages of this server alone.
func (d *Door) judgePost(r *http.Request, asked site, host string) *refusal {
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		origin := strings.Join(origins, ", ")
		if page, ok := parseOrigin(origin); !ok || !page.of(asked) && !slices.Contains(d.own, page) {
			return refuse(Origin, http.StatusForbidden, "the page is of %q, and this server was asked as %q: only its own pages may post. If both are "+
				"this server, let the proxy in front pass on Host, or set web.external_url to the address of the page", origin, host)
		}
		return nil
	}
	if from := r.Header.Get("Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		return refuse(CrossSite, http.StatusForbidden, "pages of other sites post nothing here")
	}
	return nil
}

// isFile reports whether a path is that of a script or a style of the page. They are the same for everybody, and a browser tells
// Origin when a page loads them: behind a proxy that does not pass on Host, the page must come, to say what is missing.
func isFile(name string) bool { return path.Ext(name) == ".js" || path.Ext(name) == ".css" }

// received is the request as the first proxy got it, if the proxy it comes from is believed: RemoteAddr is the client's and URL.Scheme
// the client's, where it is known. Headers of others are not looked at. The error is a refusal.
func (d *Door) received(r *http.Request) (_ *http.Request, host string, _ *refusal) {
	host = r.Host
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	from := peer.Addr().Unmap().WithZone("")
	if !d.proxies.have(from) {
		if d.guarded && !from.IsLoopback() && !slices.Contains(public, r.URL.Path) {
			return r, host, refuse(PastProxy, http.StatusForbidden, "%s is not in web.behind_proxy; ask through the proxy, or set web.open to true", from)
		}
		return r, host, nil
	}
	one := func(name string) (string, bool) {
		all := r.Header.Values(name)
		return strings.Join(all, ", "), len(all) < 2 && !strings.Contains(strings.Join(all, ""), ",")
	}
	forwarded, single := one("X-Forwarded-Host")
	if !single {
		return r, host, refuse(Forwarded, http.StatusBadRequest, "X-Forwarded-Host %q has several hosts; let the proxy set it, not add to it", forwarded)
	}
	if forwarded != "" {
		host = forwarded
	}
	scheme, single := one("X-Forwarded-Proto")
	if scheme = strings.ToLower(scheme); !single || scheme != "" && !isWeb(scheme) {
		return r, host, refuse(Forwarded, http.StatusBadRequest, "X-Forwarded-Proto %q is neither http nor https; let the proxy set it, not add to it", scheme)
	}
	out := *r
	url := *r.URL
	url.Scheme, out.URL = scheme, &url
	out.RemoteAddr = netip.AddrPortFrom(d.client(r, from), 0).String()
	return &out, host, nil
}

// client is the last address of X-Forwarded-For that is no proxy: those before it could be made up.
func (d *Door) client(r *http.Request, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return peer
		}
		if peer = addr.Unmap(); !d.proxies.have(peer) {
			return peer
		}
	}
	return peer
}
