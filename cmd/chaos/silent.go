package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

const (
	silence = 48 * time.Second
	// noticed is within which time each instance must say that Kafka is away, where its broker accepts connections and never answers.
	noticed = 10 * time.Second
)

// kafkaSilent freezes the broker: its connections stay open, and nothing is answered.
func kafkaSilent(ctx context.Context, b *border, _ *rand.Rand) (string, error) {
	if err := b.ready(ctx); err != nil {
		return "", err
	}
	if err := b.broker.freeze(); err != nil {
		return "", err
	}
	defer func() { _ = b.broker.thaw() }()
	begin := time.Now()
	soon, cancel := context.WithTimeoutCause(ctx, noticed, fmt.Errorf("an instance has not said within %v that a frozen Kafka is away", noticed))
	defer cancel()
	for i, p := range b.instances {
		err := b.until(soon, p.name+" says that Kafka is away", func() bool {
			code, reasons := b.get(i, "/readyz")
			reachable, ok := b.metrics(i, "dwell_part_reachable")[`{part="kafka"}`]
			return code == http.StatusServiceUnavailable && strings.Contains(reasons, "kafka is away since ") && ok && reachable == 0
		})
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.name, err)
		}
	}
	after := time.Since(begin)
	if err := pause(ctx, silence-after); err != nil {
		return "", err
	}
	if err := b.healthy("Kafka was frozen"); err != nil {
		return "", err
	}
	if err := b.broker.thaw(); err != nil {
		return "", err
	}
	return fmt.Sprintf("broker frozen for %v; all instances said so after %v", silence, after.Round(time.Millisecond)), b.ready(ctx)
}
