package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"

	"dwell/dashboards/door"
)

// startPprof serves Go's profiles on a port of their own, for people on this machine. A profile shows what is in memory
// and takes time, so it is not on the web port.
func (s *System) startPprof(ctx context.Context, refusals *door.Refusals) error {
	if s.Config.Pprof == "" {
		return nil
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Config.Pprof)
	if err != nil {
		return cannotBind("pprof", s.Config.Pprof, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	server := s.newServer(door.New(door.Config{}, nil, refusals, mux))
	s.Go(ctx, "pprof", func(ctx context.Context) error { return serveUntil(ctx, server, ln) })
	s.Say("pprof", "http://%s/debug/pprof/", listening(s.Config.Pprof, ln.Addr()))
	return nil
}

// loopback refuses an address that others can reach.
func loopback(address string) error {
	if err := listenable(address); err != nil {
		return err
	}
	if host, _, _ := net.SplitHostPort(address); !door.IsLoopback(host) {
		return fmt.Errorf("%q can be reached from other machines; use a loopback address such as 127.0.0.1:6060", address)
	}
	return nil
}
