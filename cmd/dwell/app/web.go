package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/dashboards"
	"dwell/dashboards/door"
	"dwell/ingest/receiver"
	"dwell/metrics/prom"
)

// startWeb serves the page, /live, /api/v1 with what is posted there, /metrics, /healthz and /readyz. Now is the clock of what is posted.
func (s *System) startWeb(ctx context.Context, reg *prometheus.Registry, known *health, refusals *door.Refusals, now func() time.Time) error {
	shown, err := dashboards.New(s.Source, s.Vocabulary, s.Book, s.Config.Dashboards.Config, refusals, s.Log, reg)
	if err != nil {
		return err
	}
	s.Go(ctx, "overview", func(ctx context.Context) error { return s.Source.Run(ctx, known.clickhouseReached) })
	s.Go(ctx, "health", known.watch)
	s.Go(ctx, "dashboards", shown.Run)

	mux := http.NewServeMux()
	mux.Handle("/", shown)
	mux.Handle("GET /metrics", prom.Handler(reg))
	mux.HandleFunc("GET /readyz", known.serveReadyz)
	mux.HandleFunc("GET /healthz", known.serveHealthz)
	var posts []string
	if receiving := s.receiver(reg, now); receiving != nil {
		mux.Handle(receiver.Path, receiving)
		mux.HandleFunc("GET "+receiver.RightsPath, receiving.ServeRights)
		mux.HandleFunc("POST "+receiver.AnnotationsPath, receiving.PostAnnotation)
		mux.HandleFunc("DELETE "+receiver.AnnotationsPath+"/{id}", receiving.RemoveAnnotation)
		posts = append(posts, receiver.Path, receiver.AnnotationsPath, receiver.AnnotationsPath+"/")
	}
	return s.startServer(ctx, mux, refusals, "page", posts...)
}

// startServer serves what handler answers to those whom the door lets in, and says the address of what that is. Posts are as for door.New.
func (s *System) startServer(ctx context.Context, handler http.Handler, refusals *door.Refusals, what string, posts ...string) error {
	if err := s.Config.Web.Reaches(s.Config.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Config.Listen)
	if err != nil {
		return cannotBind("listen", s.Config.Listen, err)
	}
	files, err := openFiles()
	if err != nil {
		return err
	}
	web, less := withinFiles(s.Config.Web, files)
	if less {
		s.Log.Info("fewer connections to the web port than web.max_connections, so that other parts have files", "connections", web.MaxConnections, "open_files", files)
	}
	bounded, err := door.Listen(ln, web, refusals)
	if err != nil {
		return err
	}
	listen, _, _ := net.SplitHostPort(s.Config.Listen) // it was validated
	server := s.newServer(door.New(s.Config.Web, []string{listen}, refusals, handler, posts...))
	s.Go(ctx, "web", func(ctx context.Context) error { return serveUntil(ctx, server, bounded) })
	s.Listening = listening(s.Config.Listen, ln.Addr())
	s.Say(what, "%s", pageAddress(s.Config.Web, s.Listening))
	return nil
}

// pageAddress says where people open the page, and where it is served if that is another address.
func pageAddress(web door.Config, listening string) string {
	served := "http://" + listening
	if web.ExternalURL == "" {
		return served
	}
	return web.ExternalURL + ", served on " + served
}

// newServer makes a server that waits for no client longer than an answer may take: the API's takes 30 s at most, a profile as long
// as it is asked for. A websocket has timeouts of its own.
func (s *System) newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		DisableGeneralOptionsHandler: true, // "OPTIONS *" passes the door too
		MaxHeaderBytes:               32 << 10, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
}

// serveUntil serves until ctx is done, and then lets what is being answered come to its end, for a bounded time.
func serveUntil(ctx context.Context, server *http.Server, ln net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := server.Shutdown(bound)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// stopTimeout bounds how long the parts that serve people may take to stop.
const stopTimeout = 5 * time.Second
