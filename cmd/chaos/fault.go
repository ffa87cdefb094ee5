package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// fault is a kind of fault.
type fault struct {
	name string
	// weight is its relative frequency.
	weight int
	// do injects the fault, ends it, and returns a description of it.
	do func(ctx context.Context, b *border, r *rand.Rand) (what string, err error)
}

var faults = []fault{
	{"kill", 12, killInstance},
	{"kill", 3, func(ctx context.Context, b *border, r *rand.Rand) (string, error) {
		return kill(ctx, b.clickhouse, between(r, 0, 4*time.Second))
	}},
	{"kill", 3, func(ctx context.Context, b *border, r *rand.Rand) (string, error) {
		return kill(ctx, b.broker, between(r, 0, 4*time.Second))
	}},
	{"restart", 2, restartInstance},
	{"freeze", 2, freezeInstance},
	{"freeze", 1, func(ctx context.Context, b *border, r *rand.Rand) (string, error) {
		return freeze(ctx, b.clickhouse, between(r, 2*time.Second, 15*time.Second))
	}},
	{"network", 3, func(ctx context.Context, b *border, r *rand.Rand) (string, error) { return network(ctx, b.toKafka, r) }},
	{"network", 5, func(ctx context.Context, b *border, r *rand.Rand) (string, error) {
		return network(ctx, b.toClickHouse, r)
	}},
	{"away", 1, clickHouseAway},
	{"silent", 1, kafkaSilent},
	{"clock", 1, wrongClock},
	{"readers", 1, fullLoad},
	{"everything", 1, restartEverything},
	{"unreadable", 1, unreadableBatch},
	{"cut", 1, cutLog},
	{"viewer", 1, cutViewer},
	{"damage", 1, damagePart},
}

// diskFaults need mounts, which not every machine allows.
var diskFaults = []fault{{"full", 2, clickHouseFull}, {"full", 1, brokerFull}}

// faultsOf returns the faults that this machine allows, or those of them that have the given names.
func faultsOf(b *border, only []string) ([]fault, error) {
	all := faults
	if b.brokerDisk != nil {
		all = slices.Concat(all, diskFaults)
	}
	if len(only) == 0 {
		return all, nil
	}
	var some []fault
	for _, name := range only {
		before := len(some)
		for _, f := range all {
			if f.name == name {
				some = append(some, f)
			}
		}
		if len(some) == before {
			return nil, fmt.Errorf("no fault is called %q on this machine; use %s", name, names(all))
		}
	}
	return some, nil
}

// names are those of the faults, each once.
func names(faults []fault) string {
	var all []string
	for _, f := range faults {
		if !slices.Contains(all, f.name) {
			all = append(all, f.name)
		}
	}
	return strings.Join(all, ", ")
}

// pick picks a fault at random, by weight.
func pick(faults []fault, r *rand.Rand) fault {
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

func killInstance(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	return kill(ctx, b.instances[r.IntN(len(b.instances))], between(r, 0, 2*time.Second))
}

func kill(ctx context.Context, p *process, away time.Duration) (string, error) {
	if err := p.kill(); err != nil {
		return "", err
	}
	if err := pause(ctx, away); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, down for %v", p.name, away.Round(time.Millisecond)), p.start()
}

func restartInstance(_ context.Context, b *border, r *rand.Rand) (string, error) {
	p := b.instances[r.IntN(len(b.instances))]
	if err := p.stop(); err != nil {
		return "", err
	}
	return p.name, p.start()
}

// freezeInstance may last longer than the session timeout: the others take over the partitions, and the frozen one resumes
// without knowing.
func freezeInstance(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	return freeze(ctx, b.instances[r.IntN(len(b.instances))], between(r, time.Second, 15*time.Second))
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

func network(ctx context.Context, w *proxy, r *rand.Rand) (string, error) {
	t, d := networkFaults[r.IntN(len(networkFaults))], between(r, 500*time.Millisecond, 6*time.Second)
	if err := w.inject(t); err != nil {
		return "", err
	}
	err := pause(ctx, d)
	return fmt.Sprintf("%s: %s for %v", w.name, t.name, d.Round(time.Millisecond)), errors.Join(err, w.heal())
}

// clickHouseAway keeps ClickHouse down until an instance reports that it is not ready; all of them must stay healthy.
func clickHouseAway(ctx context.Context, b *border, _ *rand.Rand) (string, error) {
	if err := b.ready(ctx); err != nil { // an instance that has just started is neither healthy nor ready
		return "", err
	}
	if err := b.clickhouse.kill(); err != nil {
		return "", err
	}
	begin := time.Now()
	err := b.until(ctx, "an instance reports that it is not ready", func() bool {
		for i := range b.instances {
			if b.status(i, "/readyz") == http.StatusServiceUnavailable {
				return true
			}
		}
		return false
	})
	if err != nil {
		return "", err
	}
	if err := b.healthy("ClickHouse was down"); err != nil {
		return "", err
	}
	return fmt.Sprintf("clickhouse for %v, until /readyz reported it", time.Since(begin).Round(time.Millisecond)), b.clickhouse.start()
}

// outage keeps ClickHouse down for d while events keep arriving, and reports the peak memory of an instance.
func outage(ctx context.Context, b *border, d time.Duration) (string, error) {
	if err := pause(ctx, 10*time.Second); err != nil { // first let all instances read
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
		if err := b.healthy("ClickHouse was down"); err != nil {
			return "", err
		}
		for _, p := range b.instances {
			kb, err := p.memory()
			if err != nil {
				return "", err
			}
			most = max(most, kb)
		}
	}
	return fmt.Sprintf("clickhouse for %v, an instance took at most %d MiB", d, most>>10), b.clickhouse.start()
}
