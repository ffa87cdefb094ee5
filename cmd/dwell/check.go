package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/visible"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"
)

type checkCommand struct {
	Config string `type:"path" help:"Configuration file."`
	Data   string `type:"path" help:"Data folder of a dwell with embedded parts, in place of --config."`
}

func (c *checkCommand) Run(ctx context.Context, e *env) error {
	cfg, err := (&folderFlags{Config: c.Config, Data: c.Data}).load(e.environ)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(e.out, "configuration  ok")
	_, _ = fmt.Fprintln(e.out, "retention      "+cfg.Retention.String())
	if cfg.Retention.EndsRecounts() {
		_, _ = fmt.Fprintf(e.out, "%-15sdwell recount is refused once events or dead letters are deleted that topic %s no longer has\n", "", cfg.Kafka.Topic)
	}
	var errs []error
	report := func(part string, problems ...error) {
		found := errors.Join(problems...)
		if found == nil {
			_, _ = fmt.Fprintf(e.out, "%-15sok\n", part)
			return
		}
		_, _ = fmt.Fprintf(e.out, "%-15snot ok\n", part)
		errs = append(errs, found)
	}
	book, err := cfg.ReadPlaces()
	report("places", err)
	if err == nil {
		for _, t := range append(cfg.TryDocuments(ctx, book), cfg.TryTopics(ctx)...) {
			if t.Err != nil {
				report("source", fmt.Errorf("sources.%s: %w", t.Source, t.Err))
				continue
			}
			_, _ = fmt.Fprintf(e.out, "source         %s: %s\n", t.Source, t.Sum)
			for _, why := range t.Refused {
				_, _ = fmt.Fprintf(e.out, "%-15s%s\n", "", visible.Text(why))
			}
		}
	}
	if cfg.TokensFile() != "" {
		report("tokens", cfg.CheckTokens())
	}
	if cfg.Kafka.Embedded {
		_, _ = fmt.Fprintln(e.out, "kafka          embedded")
	} else {
		missing, problems := kafka.Check(ctx, cfg.Kafka.Config)
		report("kafka", problems...)
		if kept, limited, err := kafka.LogRetention(ctx, cfg.Kafka.Config); err == nil && limited && cfg.Retention.Events > 0 {
			_, _ = fmt.Fprintf(e.out, "%-15stopic %s keeps records for %v; visits and events are deleted so much later than their retention\n", "", cfg.Kafka.Topic, kept)
		}
		if theirs, err := kafka.ProducerTimes(ctx, cfg.Kafka.Config); err == nil && theirs {
			_, _ = fmt.Fprintf(e.out, "%-15stopic %s has %s\n", "", cfg.Kafka.Topic, app.CreateTimeAdvice)
		}
		for _, topic := range missing {
			_, _ = fmt.Fprintf(e.out, "%-15stopic %s is missing; dwell serve creates it\n", "", topic)
		}
	}
	if cfg.ClickHouse.Embedded {
		_, _ = fmt.Fprintln(e.out, "clickhouse     embedded")
	} else {
		report("clickhouse", clickhouse.Check(ctx, cfg.ClickHouse.Config))
		if missing, err := clickhouse.MissingRights(ctx, cfg.ClickHouse.Config); err == nil && len(missing) > 0 {
			_, _ = fmt.Fprintf(e.out, "%-15sdamaged parts may be found only when they are read; GRANT %s TO %s\n", "", strings.Join(missing, ", "), cfg.ClickHouse.User)
		}
	}
	if tables := cfg.Running().ClickHouse; !tables.Embedded {
		nameForwarded(ctx, e, tables.Config, hasDemo(cfg))
		countIneffective(ctx, e, tables.Config)
		if book != nil {
			if lacking := cfg.CheckNames(ctx, book); lacking != nil {
				report("places", lacking)
			}
		}
		if partial := namePartial(ctx, tables.Config); partial != nil {
			report("places' facts", partial)
		}
	}
	return errors.Join(errs...)
}

// countIneffective says how many retractions retract nothing, as with a slip in the id that they name.
func countIneffective(ctx context.Context, e *env, cfg clickhouse.Config) {
	if n, err := clickhouse.IneffectiveRetractions(ctx, cfg); err == nil && n > 0 {
		_, _ = fmt.Fprintf(e.out, "retractions    %d of events that have not come, in the view ineffective_retractions\n", n)
	}
}

// nameForwarded names the sources whose producers choose other partitions than those of their subjects. That costs no number, but each such
// record is written twice and counted later. Tables that cannot be read name none. One BCP of a demo does so on purpose.
func nameForwarded(ctx context.Context, e *env, cfg clickhouse.Config, demo bool) {
	sources, err := clickhouse.ForwardedSources(ctx, cfg)
	if err != nil || len(sources) == 0 {
		return
	}
	_, _ = fmt.Fprintln(e.out, "partitioners   these sources sent records to other partitions than those of their subjects in the last 7 days; dwell forwards them, "+
		"which counts them later. Use the subject as the key, and murmur2: Java's default, partitioner=murmur2_random of librdkafka")
	for _, s := range sources {
		_, _ = fmt.Fprintf(e.out, "%-15s%s: %d records\n", "", visible.Text(s.Source), s.Records)
	}
	if demo {
		_, _ = fmt.Fprintf(e.out, "%-15sone BCP of the demo does so on purpose, as the software of some agencies will; its numbers are exact all the same\n", "")
	}
}

// namePartial names the facts about places that some partitions do not have, as of a producer that marks its records for all of them and
// writes them to one. Tables that cannot be read name none.
func namePartial(ctx context.Context, cfg clickhouse.Config) error {
	const most = 10
	facts, err := clickhouse.PartialFacts(ctx, cfg, most)
	if err != nil {
		return nil //nolint:nilerr // what cannot be read is said elsewhere
	}
	var errs []error
	for _, f := range facts {
		errs = append(errs, fmt.Errorf("%s of %s: event %q of source %q is not in partitions %v, so that the times of their trucks are net of other hours: "+
			"send it again without the header %s", f.Type, f.BCP, f.ID, f.Source, f.Missing, event.AllPartitionsHeader))
	}
	return errors.Join(errs...)
}
