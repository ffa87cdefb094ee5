package door

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Config says to whom the web port answers.
type Config struct {
	// ExternalURL is where people open the page, if it is another address than the one that dwell listens on.
	ExternalURL string `yaml:"external_url" example:"https://dwell.example.org"`
	// Hosts are further names, besides localhost and that of external_url, under which dwell is asked, as by Prometheus; other names
	// get 421. IP addresses always are accepted.
	Hosts []string `yaml:"hosts" example:"[dwell]"`
	// AllowedOrigins are other sites whose pages may open the live view.
	AllowedOrigins []string `yaml:"allowed_origins" example:"[https://example.org]"`
	// BehindProxy are the addresses and networks of the proxies in front, which are believed for X-Forwarded-For, X-Forwarded-Host
	// and X-Forwarded-Proto. Page, API and live view then are for these and for this machine alone; metrics and health are for all.
	BehindProxy []string `yaml:"behind_proxy" example:"[192.0.2.7, 10.1.0.0/16]"`
	// Open says that everybody who reaches the port may read everything: it has no sign-in.
	Open bool `yaml:"open"`
	// MaxConnections is the maximum number of connections at once; one more gets 503 and is closed. There are fewer where the process may not
	// open 4,096 files more.
	MaxConnections int `yaml:"max_connections"`
}

// DefaultConfig is for one machine.
func DefaultConfig() Config { return Config{MaxConnections: 25_000} }

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.ExternalURL != "" {
		if u, err := url.Parse(c.ExternalURL); err != nil || !isWeb(u.Scheme) || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			bad("external_url: %q is not an address such as https://dwell.example.org", c.ExternalURL)
		}
	}
	for _, h := range c.Hosts {
		if h == "" || strings.ContainsAny(h, "/:* ") {
			bad("hosts: %q is not a host name without scheme and port, such as dwell.example.org", h)
		}
	}
	for _, o := range c.AllowedOrigins {
		if _, ok := parseOrigin(o); !ok {
			bad("allowed_origins: %q is not an origin such as https://example.org", o)
		}
	}
	if _, err := parseNetworks(c.BehindProxy); err != nil {
		errs = append(errs, err)
	}
	if c.MaxConnections < 1 {
		bad("max_connections: %d is not positive", c.MaxConnections)
	}
	return errors.Join(errs...)
}

// Reaches refuses an address that other machines reach unless the configuration says that it is meant.
func (c Config) Reaches(listen string) error {
	host, _, _ := net.SplitHostPort(listen)
	if c.Open || len(c.BehindProxy) > 0 || IsLoopback(host) {
		return nil
	}
	return fmt.Errorf("%q can be reached from other machines, and dwell has no sign-in: set web.behind_proxy to the addresses of a proxy "+
		"that has one, or web.open to true (for the demo, --open) if everybody on that network may read everything", listen)
}

// IsLoopback reports whether only this machine reaches a host to listen on.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// networks are addresses and networks.
type networks []netip.Prefix

func parseNetworks(texts []string) (all networks, err error) {
	var errs []error
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if addr, notAddress := netip.ParseAddr(text); notAddress == nil && addr.Zone() == "" {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("behind_proxy: %q is not an address or a network such as 192.0.2.7 or 10.1.0.0/16", text))
		}
		all = append(all, prefix.Masked())
	}
	return all, errors.Join(errs...)
}

func (n networks) have(addr netip.Addr) bool {
	for _, prefix := range n {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}
