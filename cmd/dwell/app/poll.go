package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/imports"
	"dwell/ingest/poll"
	"dwell/ingest/source"
	"dwell/metrics/prom"
)

// polledSources are the sources of the configuration whose document is read at an interval, in the order of their names.
func (c *Config) polledSources() (all []source.Mapping) {
	mappings, err := c.Mappings()
	if err != nil {
		return nil // Validate says why
	}
	for _, m := range mappings {
		if m.URL != "" {
			all = append(all, m)
		}
	}
	return all
}

// checkAddresses names the sources whose address cannot be read.
func (c *Config) checkAddresses() error {
	var errs []error
	for _, m := range c.polledSources() {
		if _, err := poll.Address(m.URL); err != nil {
			errs = append(errs, fmt.Errorf("%s: url: %w", m.Name, err))
		}
	}
	return errors.Join(errs...)
}

// StartPolling imports the documents of the sources that have an address, whenever they have changed. Of several processes the one reads
// them that elected says; it is asked each time.
func (s *System) StartPolling(ctx context.Context, reg prometheus.Registerer, elected func() bool) error {
	sources := s.Config.polledSources()
	if len(sources) == 0 {
		return nil
	}
	metrics := prom.NewPolls(reg)
	for i := range sources {
		m := sources[i]
		address, err := poll.Address(m.URL)
		if err != nil {
			return fmt.Errorf("%s: url: %w", m.Name, err)
		}
		one := &polledSource{
			System: s, name: strings.TrimPrefix(m.Name, "sources."), mapping: m, metrics: metrics, elected: elected, poller: poll.New(address, "dwell/"+Version()),
			missed: map[string]bool{},
		}
		one.log = s.Log.With("component", "poll", "source", one.name)
		s.Say("source", "%s, %s every %v", one.name, address.Hostname()+address.Path, m.Every) // the rest may have a password or a key
		s.Go(ctx, m.Name, one.run)
	}
	return nil
}

// polledSource is a source with an address.
type polledSource struct {
	*System
	name    string // in the configuration; imports and dead letters have it in the place of a file's
	mapping source.Mapping
	poller  *poll.Poller
	metrics *prom.Polls
	elected func() bool
	log     *slog.Logger
	said    string          // the error that was logged last
	missed  map[string]bool // sets of names without a value that were logged
}

// failurePause is the time after which a document is asked for again that could not be read or used, where its interval is longer.
const failurePause = time.Minute

// electionPause is the time after which a process asks again whether it is to read the document.
const electionPause = 3 * time.Second

// run reads the document until ctx ends. One that cannot be read or used is its publisher's matter: all else goes on meanwhile.
func (p *polledSource) run(ctx context.Context) error {
	for {
		pause := electionPause
		if p.elected() {
			if pause = p.mapping.Every; !p.poll(ctx) {
				pause = min(pause, failurePause)
			}
		} else {
			p.metrics.Left(p.name)
			p.poller.Forget() // another process imports what comes now
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// poll reports whether the document could be read and used.
func (p *polledSource) poll(ctx context.Context) bool {
	tally, err := p.read(ctx)
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil:
		p.metrics.Failed(p.name)
		if p.said != err.Error() { // an outage of hours is one line
			p.log.Warn("a source's document was not imported; it is read again within a minute", "error", err)
		}
		p.said = err.Error()
		return false
	case tally == nil:
		p.metrics.Unchanged(p.name)
	default:
		p.metrics.Changed(p.name)
		p.log.Info("a source's document was imported", "tally", tally.String())
	}
	if p.said != "" {
		p.said = ""
		p.log.Info("a source's document can be read again")
	}
	return true
}

// read imports the document if it has changed; otherwise tally is nil.
func (p *polledSource) read(ctx context.Context) (tally *source.Tally, err error) {
	d, err := p.poller.Fetch(ctx)
	if d == nil || err != nil {
		return nil, err
	}
	hash := sha256.Sum256(d.Body)
	about := &imports.Import{Kind: imports.OfReadings, File: p.name, FileHash: hex.EncodeToString(hash[:])}
	if p.mapping.OfEvents() {
		about.Kind = imports.OfEvents
	}
	r, err := p.Reader(about, bytes.NewReader(d.Body), []source.Mapping{p.mapping})
	if err != nil {
		return nil, err
	}
	im, err := p.Importer(ctx, func(*imports.Import) {})
	if err != nil {
		return nil, err
	}
	im.Latest = true
	if err := p.Import(ctx, im, about, r.Lines(), r.Tally(), func(*source.LineError) {}); err != nil {
		return nil, err
	}
	p.poller.Taken(d)
	if absent := strings.Join(r.Absent(), ", "); absent != "" && !p.missed[absent] { // a document that changes every minute is one line
		p.missed[absent] = true
		p.log.Warn("names of a source's mapping are not in its document; their values are unknown", "missing", absent)
	}
	return r.Tally(), nil
}
