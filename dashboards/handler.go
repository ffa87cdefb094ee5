package dashboards

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/dashboards/api"
	"dwell/dashboards/door"
	"dwell/dashboards/hub"
	"dwell/dashboards/web"
	"dwell/dashboards/ws"
	"dwell/ingest/event"
	"dwell/ingest/place"
)

// Store is where overview and history come from: query.Source.
type Store interface {
	hub.Source
	api.Store
}

// Config is that of the parts.
type Config struct {
	// Hub is how often the overview is read for all viewers.
	Hub hub.Config `yaml:"hub"`
	// Live has the limits of the live view.
	Live ws.Config `yaml:"live"`
}

// DefaultConfig is that of the parts.
func DefaultConfig() Config {
	return Config{Hub: hub.DefaultConfig(), Live: ws.DefaultConfig()}
}

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	return errors.Join(c.Hub.Validate(), c.Live.Validate())
}

// Dashboards are the page, the API and the live view of one store.
type Dashboards struct {
	hub     *hub.Hub
	handler http.Handler
}

// New makes them; nothing is read before Run. The vocabulary names the measures of the API, and the book has the places of the store. They are to be served behind a door.Door, which
// sees to who may ask.
func New(store Store, voc *event.Vocabulary, book *place.Book, cfg Config, refusals *door.Refusals, log *slog.Logger, reg prometheus.Registerer) (*Dashboards, error) {
	page, err := web.New()
	if err != nil {
		return nil, err
	}
	cfg.Hub.Page = page.Version
	// Numbers begin at the time, so that those of a later process are higher.
	h := hub.New(store, cfg.Hub, uint64(time.Now().UnixMilli()), rand.Text(), log, reg)
	mux := http.NewServeMux()
	mux.Handle("GET /live", ws.New(h, cfg.Live, refusals, log, reg))
	mux.Handle(api.Prefix, versioned(page.Version, api.New(h, store, voc, book, refusals, log)))
	mux.Handle("/", page)
	return &Dashboards{hub: h, handler: mux}, nil
}

// versioned adds the version of the page to the answers of the API, for a page that reads these instead of the live view.
func versioned(version string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Dwell-Page", version)
		next.ServeHTTP(w, r)
	})
}

// Run keeps the overview up to date until ctx ends; then viewers get the reason and are closed.
func (d *Dashboards) Run(ctx context.Context) error { return d.hub.Run(ctx) }

// ServeHTTP answers for /, /live and /api/v1/.
func (d *Dashboards) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }
