package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Check reaches every broker and both topics and returns one error for each thing that is wrong, or nil.
func Check(ctx context.Context, cfg Config) []error {
	if err := cfg.Validate(); err != nil {
		return []error{err}
	}
	var errs []error
	for _, b := range cfg.Brokers {
		one := cfg
		one.Brokers = []string{b}
		if err := reach(ctx, one); err != nil {
			errs = append(errs, fmt.Errorf("broker %s: %w", b, err))
		}
	}
	if len(errs) == len(cfg.Brokers) {
		return errs
	}
	c, err := newClient(cfg)
	if err != nil {
		return append(errs, err)
	}
	defer c.close()
	cluster, err := c.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{}})
	if err != nil {
		return append(errs, err)
	}
	for _, b := range cluster.Brokers {
		address := fmt.Sprintf("%s:%d", b.Host, b.Port)
		if slices.Contains(cfg.Brokers, address) {
			continue
		}
		one := cfg
		one.Brokers = []string{address}
		if err := reach(ctx, one); err != nil {
			errs = append(errs, fmt.Errorf("broker %s, which the cluster advertises: %w", address, err))
		}
	}
	for _, topic := range []string{cfg.Topic, cfg.DeadLetterTopic} {
		l, err := c.layout(ctx, topic)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		var without []string
		for p := range l.partitions {
			if _, ok := l.leaders[p]; !ok {
				without = append(without, fmt.Sprint(p))
			}
		}
		if len(without) > 0 {
			errs = append(errs, fmt.Errorf("topic %q: partitions %s have no leader", topic, strings.Join(without, ", ")))
		}
	}
	return errs
}

func reach(ctx context.Context, cfg Config) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout+time.Second)
	defer cancel()
	c, err := newClient(cfg)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.ApiVersions(ctx, &kafkago.ApiVersionsRequest{})
	switch {
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case !cfg.TLS.Enabled:
		return fmt.Errorf("%w: the broker hung up, it may expect tls.enabled: true", err)
	case cfg.SASL.Mechanism != "":
		return fmt.Errorf("%w: the broker hung up, the user %q or the password may be wrong", err, cfg.SASL.User)
	default:
		return fmt.Errorf("%w: the broker hung up, it may expect a login (sasl)", err)
	}
}
