package clickhouse

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// Inspector looks for damaged parts from its start on: at what ClickHouse has set aside each minute, and at the checksums of all
// parts once a day. It reads a tenth of the time, so that others hardly notice. On a cluster it looks at the replica that it
// reaches, which fetches a damaged part again from another one.
type Inspector struct {
	Store *Store
	Log   *slog.Logger
	// Found gets all damage that is known, in the order of tables and parts, whenever it was looked for. A damaged part is known
	// until it is gone.
	Found func([]Damage)
}

const (
	lookEvery  = time.Minute
	checkEvery = 24 * time.Hour
	// share is how much longer the pause after a check is than the check.
	share = 9
)

// Run looks until ctx is done. It logs each damaged part once, and once that it may not look.
func (i Inspector) Run(ctx context.Context) error {
	in := &inspection{Inspector: i, known: map[Damage]bool{}, active: map[Damage]bool{}}
	in.Log = i.Log.With("component", "inspector")
	for {
		begin := time.Now()
		in.look(ctx)
		in.checkAll(ctx)
		for time.Since(begin) < checkEvery {
			if err := pauseFor(ctx, lookEvery); err != nil {
				return nil
			}
			in.look(ctx)
		}
	}
}

func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// inspection is what an Inspector knows.
type inspection struct {
	Inspector
	known  map[Damage]bool // and logged
	active map[Damage]bool // found by checksums, of parts that are in use
	denied bool            // and logged
}

// part is one that is in use.
type part struct{ table, name string }

// look takes what is set aside, and forgets what is gone.
func (in *inspection) look(ctx context.Context) {
	aside, err := in.Store.setAside(ctx)
	var parts []part
	if err == nil {
		parts, err = in.Store.parts(ctx)
	}
	if err != nil {
		in.failed(ctx, err)
		return
	}
	maps.DeleteFunc(in.active, func(d Damage, _ bool) bool { return !slices.Contains(parts, part{d.Table, d.Part}) })
	now := maps.Clone(in.active)
	for _, d := range aside {
		now[d] = true
	}
	for d := range now {
		if !in.known[d] {
			in.Log.Error("a part of a table is damaged, so that numbers may be missing", "table", d.Table, "part", d.Part, "reason", d.Reason, "way_out", d.WayOut())
		}
	}
	for d := range in.known {
		if !now[d] {
			in.Log.Info("a damaged part is gone", "table", d.Table, "part", d.Part)
		}
	}
	in.known = now
	in.Found(slices.SortedFunc(maps.Keys(now), func(a, b Damage) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Part, b.Part)) }))
}

// checkAll compares the checksums of each part with its files.
func (in *inspection) checkAll(ctx context.Context) {
	parts, err := in.Store.parts(ctx)
	if err != nil {
		in.failed(ctx, err)
		return
	}
	looked := time.Now()
	for _, p := range parts {
		begin := time.Now()
		reason, err := in.Store.checkPart(ctx, p)
		if err != nil {
			in.failed(ctx, err)
			if in.denied || ctx.Err() != nil {
				return
			}
			continue
		}
		maps.DeleteFunc(in.active, func(d Damage, _ bool) bool { return d.Table == p.table && d.Part == p.name })
		if reason != "" {
			in.active[Damage{p.table, p.name, reason}] = true
		}
		if reason != "" || time.Since(looked) > lookEvery {
			in.look(ctx)
			looked = time.Now()
		}
		if pauseFor(ctx, share*time.Since(begin)) != nil {
			return
		}
	}
}

// failed logs that the user may not look, once. Whether ClickHouse is reached is reported elsewhere.
func (in *inspection) failed(ctx context.Context, err error) {
	if ctx.Err() != nil || in.denied {
		return
	}
	if hasCode(err, codeAccessDenied, codeReadOnly) {
		in.denied = true
		in.Log.Warn("damaged parts may be found only when they are read; dwell check says which right is missing", "error", err)
		return
	}
	in.Log.Debug("tables not inspected", "error", err)
}
