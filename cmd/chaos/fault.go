package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// fault injects a fault, which is over when it returns. It returns a description.
type fault struct {
	name string
	// weight is its relative frequency.
	weight int
	do     func(ctx context.Context, b *border, r *rand.Rand) (what string, err error)
}

var faults = []fault{
	{"kill", 12, killServe},
	{"kill", 3, func(ctx context.Context, b *border, r *rand.Rand) (string, error) {
		return kill(ctx, b.clickhouse, between(r, 0, 4*time.Second))
	}},
	{"kill", 3, func(ctx context.Context, b *border, r *rand.Rand) (string, error) {
		return kill(ctx, b.broker, between(r, 0, 4*time.Second))
	}},
	{"restart", 2, restartServe},
	{"freeze", 2, freezeServe},
	{"freeze", 1, func(ctx context.Context, b *border, r *rand.Rand) (string, error) {
		return freeze(ctx, b.clickhouse, between(r, 2*time.Second, 15*time.Second))
	}},
	{"network", 3, func(ctx context.Context, b *border, r *rand.Rand) (string, error) { return network(ctx, b.toKafka, r) }},
	{"network", 5, func(ctx context.Context, b *border, r *rand.Rand) (string, error) {
		return network(ctx, b.toClickHouse, r)
	}},
	{"away", 1, clickHouseAway},
}

// diskFaults need mounts, which not every machine allows.
var diskFaults = []fault{{"full", 2, clickHouseFull}, {"full", 1, brokerFull}}

// faultsOf are the faults that the border can have.
func faultsOf(b *border) []fault {
	all := faults
	if b.brokerDisk != nil {
		all = slices.Concat(all, diskFaults)
	}
	return all
}

// anyOf picks a fault by its weight.
func anyOf(faults []fault, r *rand.Rand) fault {
	all := 0
	for _, f := range faults {
		all += f.weight
	}
	n := r.IntN(all)
	for _, f := range faults {
		if n -= f.weight; n < 0 {
			return f
		}
	}
	panic("unreachable")
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

func killServe(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	return kill(ctx, b.serves[r.IntN(len(b.serves))], between(r, 0, 2*time.Second))
}

func kill(ctx context.Context, p *process, away time.Duration) (string, error) {
	if err := p.kill(); err != nil {
		return "", err
	}
	if err := pause(ctx, away); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, away for %v", p.name, away.Round(time.Millisecond)), p.start()
}

func restartServe(_ context.Context, b *border, r *rand.Rand) (string, error) {
	p := b.serves[r.IntN(len(b.serves))]
	if err := p.stop(); err != nil {
		return "", err
	}
	return p.name, p.start()
}

// freezeServe may last longer than the session timeout: the others take over the partitions, and the frozen one resumes
// without knowing.
func freezeServe(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	return freeze(ctx, b.serves[r.IntN(len(b.serves))], between(r, time.Second, 15*time.Second))
}

func freeze(ctx context.Context, p *process, d time.Duration) (string, error) {
	if err := p.freeze(); err != nil {
		return "", err
	}
	if err := pause(ctx, d); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s for %v", p.name, d.Round(time.Millisecond)), p.thaw()
}

func network(ctx context.Context, w *wire, r *rand.Rand) (string, error) {
	t, d := troubles[r.IntN(len(troubles))], between(r, 500*time.Millisecond, 6*time.Second)
	if err := w.trouble(t); err != nil {
		return "", err
	}
	defer w.heal(context.WithoutCancel(ctx))
	return fmt.Sprintf("%s: %s for %v", w.name, t.name, d.Round(time.Millisecond)), pause(ctx, d)
}

// clickHouseAway keeps ClickHouse down until a serve reports that it is not ready; all of them must stay healthy.
func clickHouseAway(ctx context.Context, b *border, _ *rand.Rand) (string, error) {
	if err := b.ready(ctx); err != nil { // one that has just been started is neither yet
		return "", err
	}
	if err := b.clickhouse.kill(); err != nil {
		return "", err
	}
	begin := time.Now()
	err := b.until(ctx, "a serve says that it is not ready", func() bool {
		for i := range b.serves {
			if b.status(i, "/readyz") == http.StatusServiceUnavailable {
				return true
			}
		}
		return false
	})
	if err != nil {
		return "", err
	}
	for i, p := range b.serves {
		if code := b.status(i, "/healthz"); code != http.StatusOK {
			return "", fmt.Errorf("%s: /healthz says %d while ClickHouse is away", p.name, code)
		}
	}
	return fmt.Sprintf("clickhouse for %v, and /readyz said so", time.Since(begin).Round(time.Millisecond)), b.clickhouse.start()
}

// outage keeps ClickHouse down for long while trucks keep arriving, and reports the peak memory of a serve.
func outage(ctx context.Context, b *border, d time.Duration) (string, error) {
	if err := pause(ctx, 10*time.Second); err != nil { // all of them are at work
		return "", err
	}
	if err := b.clickhouse.kill(); err != nil {
		return "", err
	}
	most := 0
	for begin := time.Now(); time.Since(begin) < d; {
		if err := pause(ctx, time.Second); err != nil {
			return "", err
		}
		for i, p := range b.serves {
			if code := b.status(i, "/healthz"); code != http.StatusOK {
				return "", fmt.Errorf("%s: /healthz says %d while ClickHouse is away", p.name, code)
			}
			kb, err := p.memory()
			if err != nil {
				return "", err
			}
			most = max(most, kb)
		}
	}
	return fmt.Sprintf("clickhouse for %v, a serve held %d MiB at most", d, most>>10), b.clickhouse.start()
}
