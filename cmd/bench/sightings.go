package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"dwell/cmd/bench/workload"
	"dwell/dashboards/overview"
)

// sightings say when each probe was about to be written, and when it was seen: by a viewer of the page's websocket, and by a query
// to ClickHouse.
type sightings struct {
	mu      sync.Mutex
	of      map[string]int // partition by BCP
	written [][]time.Time  // by partition, one for each probe
	by      map[string][][]time.Time
}

// The two observers.
const (
	byViewer = "websocket"
	byQuery  = "clickhouse"
)

func newSightings(probes *workload.Probes, partitions int) *sightings {
	s := &sightings{of: map[string]int{}, written: make([][]time.Time, partitions), by: map[string][][]time.Time{
		byViewer: make([][]time.Time, partitions), byQuery: make([][]time.Time, partitions),
	}}
	for i := range partitions {
		s.of[probes.BCP(i)] = i
	}
	return s
}

// made says that the nth probe of a partition is about to be written.
func (s *sightings) made(partition, n int, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n != len(s.written[partition])+1 {
		panic(fmt.Sprintf("probe %d of partition %d follows %d", n, partition, len(s.written[partition])))
	}
	s.written[partition] = append(s.written[partition], at)
}

// saw says that n probes are inside a BCP, if it is one of theirs.
func (s *sightings) saw(by, bcp string, n int64, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	partition, theirs := s.of[bcp]
	if !theirs {
		return nil
	}
	seen := &s.by[by][partition]
	if n > int64(len(s.written[partition])) {
		return fmt.Errorf("%s: %d probes are inside %s, of %d", by, n, bcp, len(s.written[partition]))
	}
	for int64(len(*seen)) < n {
		*seen = append(*seen, at)
	}
	return nil
}

// all reports whether every probe was seen by both.
func (s *sightings) all() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for partition := range s.written {
		for _, seen := range s.by {
			if len(seen[partition]) < len(s.written[partition]) {
				return false
			}
		}
	}
	return true
}

// live watches the websocket.
func (s *sightings) live(ctx context.Context, url string) error {
	conn, res, err := websocket.DefaultDialer.DialContext(ctx, url, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	_ = res.Body.Close() // it is empty
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("%s: %w", url, err))
		}
		at := time.Now()
		var frame struct {
			Places   []bcpInFrame
			Overview struct{ Places []bcpInFrame }
		}
		if err := json.Unmarshal(text, &frame); err != nil {
			return fmt.Errorf("%s: %w", url, err)
		}
		for _, b := range append(frame.Places, frame.Overview.Places...) {
			if b.Inside.LastKnown != nil {
				if err := s.saw(byViewer, b.ID, *b.Inside.LastKnown, at); err != nil {
					return err
				}
			}
		}
	}
}

type bcpInFrame struct {
	ID     string
	Inside overview.Inside
}

// stored asks ClickHouse, ten times a second.
func (s *sightings) stored(ctx context.Context, url, database string) error {
	var ids []string
	for id := range s.of {
		ids = append(ids, "'"+id+"'")
	}
	sql := "SELECT bcp, sum(trucks) FROM " + database + ".inside_now FINAL WHERE bcp IN (" + strings.Join(ids, ", ") + ") GROUP BY bcp" + format
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := query(ctx, url, sql, func(rows *json.Decoder) error {
			var bcp string
			var n int64
			if err := rows.Decode(&[]any{&bcp, &n}); err != nil {
				return err
			}
			return s.saw(byQuery, bcp, n, time.Now())
		})
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// report prints how long after they were written the probes were seen that were written after a time, one figure a line.
func (s *sightings) report(w io.Writer, from time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, by := range []string{byViewer, byQuery} {
		var took []time.Duration
		for partition, written := range s.written {
			for i, at := range written {
				if at.After(from) {
					took = append(took, s.by[by][partition][i].Sub(at))
				}
			}
		}
		if len(took) == 0 {
			return errors.New("no probe was written")
		}
		slices.Sort(took)
		for _, q := range []int{50, 99, 100} {
			fmt.Fprintf(w, "latency/%s/p%d %d ms\n", by, q, took[(len(took)*q+99)/100-1].Milliseconds())
		}
	}
	return nil
}

// tasks run side by side; the first that fails ends the others.
type tasks struct{ sync.WaitGroup }

func (t *tasks) run(fail func(error), task func() error) {
	t.Go(func() {
		if err := task(); err != nil {
			fail(err)
		}
	})
}
