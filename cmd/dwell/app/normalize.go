package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"dwell/dashboards/door"
	"dwell/ingest/kafka"
	"dwell/ingest/letters"
	"dwell/ingest/normalize"
	"dwell/ingest/source"
	"dwell/metrics/prom"
)

// topicSources are the sources of the configuration that have a topic, in the order of their names.
func (c *Config) topicSources() (all []source.Mapping) {
	mappings, err := c.Mappings()
	if err != nil {
		return nil // Validate says why
	}
	for _, m := range mappings {
		if m.Topic != "" {
			all = append(all, m)
		}
	}
	return all
}

// Normalize starts a process that makes events of the messages of agencies' topics and serves metrics, and nothing else.
func Normalize(ctx context.Context, cfg Config, out io.Writer, log *slog.Logger) (_ *System, err error) {
	if len(cfg.topicSources()) == 0 {
		return nil, errors.New("sources: none has a topic, so there is nothing to do; ingest/README.md says how a source is described")
	}
	s, err := Start(ctx, cfg, All, out, log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	reg := prometheus.NewRegistry()
	prom.NewBuild(reg, Version())
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := s.StartNormalizing(ctx, reg, time.Now); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", prom.Handler(reg))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok", Version()) })
	return s, s.startServer(ctx, mux, door.NewRefusals(log, reg), "metrics")
}

// StartNormalizing makes events of the messages of the sources that have a topic, each with a consumer group of its own. Now is the clock after
// which no event may be.
func (s *System) StartNormalizing(ctx context.Context, reg prometheus.Registerer, now func() time.Time) error {
	sources := s.Config.topicSources()
	if len(sources) == 0 {
		return nil
	}
	if err := s.OwnTopic(ctx); err != nil {
		return err
	}
	var topics []string
	for _, m := range sources {
		topics = append(topics, m.Topic)
	}
	metrics := prom.NewSources(reg, topics)
	for i := range sources {
		m := sources[i]
		cfg := s.Config.Kafka.Config
		cfg.Topic, cfg.Group, cfg.Partitions = m.Topic, cfg.Group+"."+m.Name, 0
		one := &topicSource{System: s, cfg: cfg, mapping: m, metrics: metrics, now: now, anew: map[int]bool{}}
		if _, err := one.messages(); err != nil {
			return err
		}
		s.Say("source", "%s, topic %s", m.Name, m.Topic)
		s.Go(ctx, m.Name, one.run)
	}
	return nil
}

// topicSource is a source with its topic.
type topicSource struct {
	*System
	cfg     kafka.Config
	mapping source.Mapping
	metrics *prom.Sources
	now     func() time.Time

	mu   sync.Mutex
	anew map[int]bool // the partitions that are read from their beginning
}

func (t *topicSource) messages() (*source.Messages, error) {
	return source.NewMessages(t.mapping, t.Vocabulary, func(bcp string) *time.Location { return t.Book.Place(bcp).Zone })
}

// retryTopic is the time after which a topic that was not there is looked for again.
const retryTopic = 3 * time.Second

// run reads the topic until ctx ends. A topic that is missing is the agency's matter: all else goes on meanwhile.
func (t *topicSource) run(ctx context.Context) error {
	said := ""
	for {
		var consumer *kafka.Consumer
		consumer, err := kafka.New(t.cfg, func(partition int) kafka.Handler {
			return &messageHandler{source: t, consumer: consumer, number: partition}
		}, sourceObserver{of: t}, t.Log)
		if err != nil {
			return err
		}
		err = consumer.Run(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		var changed *kafka.PartitionsChangedError
		if !errors.As(err, &changed) && said != err.Error() {
			said = err.Error()
			t.Log.Warn("a source is not read; it will be once its topic can be", "component", "normalize", "source", t.mapping.Name, "topic", t.mapping.Topic, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryTopic):
		}
	}
}

// sourceObserver counts what the topic deleted before it was read, and ends the series of the partitions that others read.
type sourceObserver struct {
	kafka.Unobserved
	of *topicSource
}

func (o sourceObserver) Lost(_ int, messages int64) { o.of.metrics.Lost(o.of.mapping.Topic, messages) }

func (o sourceObserver) Assigned(partition int, now bool) {
	if !now {
		o.of.metrics.Revoked(o.of.mapping.Topic, partition)
	}
}

// messageHandler lets a normalize.Partition handle a Kafka partition: the one knows nothing of the other.
type messageHandler struct {
	source   *topicSource
	consumer *kafka.Consumer
	number   int
	of       *normalize.Partition
	said     string // why the topic could not be compared
}

func (h *messageHandler) Open(ctx context.Context, _ int) (int64, error) {
	messages, err := h.source.messages()
	if err != nil {
		return 0, err
	}
	t := h.source
	h.of = normalize.NewPartition(t.mapping.Topic, h.number, normalize.Parts{
		Translator: messages, Log: t.Producer, Refused: letters.Writer{Topic: t.Producer, Table: t.Store}, Now: t.now,
		Topic:      h.consumer,
		Commit:     func(next int64, metadata string) { h.consumer.Commit(h.number, next, metadata) },
		Unchecked:  h.unchecked,
		Normalized: func(c normalize.Count) { t.metrics.Normalized(t.mapping.Topic, c.Events, c.Refused, c.Passed) },
		Left:       func(messages int64) { t.metrics.Left(t.mapping.Topic, h.number, messages) },
	})
	t.mu.Lock()
	anew := t.anew[h.number]
	delete(t.anew, h.number)
	t.mu.Unlock()
	if anew {
		return kafka.Earliest, nil
	}
	next, metadata, err := h.consumer.Committed(ctx, h.number)
	if err != nil || next == kafka.Earliest {
		return next, err
	}
	if err := h.of.Resume(ctx, next, metadata); err != nil {
		h.reread(err)
		return kafka.Earliest, nil
	}
	return next, nil
}

// unchecked says once why the topic cannot be compared with what was read of it.
func (h *messageHandler) unchecked(err error) {
	if h.said == err.Error() {
		return
	}
	h.said = err.Error()
	h.log().Warn("a source's topic cannot be compared with what was read of it, will retry", "error", err)
}

func (h *messageHandler) log() *slog.Logger {
	t := h.source
	return t.Log.With("component", "normalize", "source", t.mapping.Name, "topic", t.mapping.Topic, "group", t.cfg.Group, "partition", h.number)
}

// reread says why the partition is read from its beginning.
func (h *messageHandler) reread(why error) {
	h.log().Warn("a source's topic is read from its beginning", "why", why)
}

// reopen has the partition opened again, to be read from its beginning.
func (h *messageHandler) reopen(why error) error {
	h.reread(why)
	h.source.mu.Lock()
	defer h.source.mu.Unlock()
	h.source.anew[h.number] = true
	return kafka.ErrReopen
}

func (h *messageHandler) Handle(_ context.Context, b kafka.Batch) error {
	return h.of.Handle(b.Records, b.Next, b.HighWatermark)
}

func (h *messageHandler) Write(ctx context.Context) error {
	err := h.of.Write(ctx)
	var reread *normalize.RereadError
	if errors.As(err, &reread) {
		return h.reopen(err)
	}
	return err
}

// ShortLog says that the topic was made anew, and has it read from its beginning.
func (h *messageHandler) ShortLog(_ context.Context, next, end int64) error {
	return h.reopen(&normalize.RereadError{Why: fmt.Sprintf("it was made anew, or has lost messages: it ends at offset %d, and was read up to %d", end, next)})
}

func (h *messageHandler) Close(context.Context) error { return nil }

// checkTopics names the sources whose topics cannot be read beside the others.
func (c *Config) checkTopics() error {
	var errs []error
	names := map[string]string{c.Kafka.Topic: "kafka.topic", c.Kafka.DeadLetterTopic: "kafka.dead_letter_topic"}
	for _, m := range c.topicSources() {
		if other := names[m.Topic]; other != "" {
			errs = append(errs, fmt.Errorf("%s: topic: %q is that of %s", m.Name, m.Topic, other))
		}
		names[m.Topic] = m.Name
	}
	return errors.Join(errs...)
}
