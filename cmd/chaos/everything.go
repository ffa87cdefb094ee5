package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// restartEverything restarts all parts while no event is sent. Gauges, page and API must be afterwards what they were before.
func restartEverything(ctx context.Context, b *border, _ *rand.Rand) (string, error) {
	defer b.load.hold()()
	if err := errors.Join(b.ready(ctx), b.caughtUp(ctx)); err != nil {
		return "", err
	}
	latest, err := b.latestReadings(ctx)
	if err != nil {
		return "", err
	}
	before, err := b.settled(ctx, latest)
	if err != nil {
		return "", err
	}
	begin := time.Now()
	if err := errors.Join(b.stopInstances(), b.clickhouse.stop(), b.broker.stop()); err != nil {
		return "", err
	}
	if err := b.start(ctx); err != nil {
		return "", err
	}
	took := time.Since(begin)
	var differs error
	err = b.until(ctx, "everything is shown as before", func() bool {
		var now shown
		now, differs = b.show()
		if differs == nil {
			differs = before.compare(now)
		}
		return differs == nil
	})
	if err != nil {
		return "", errors.Join(err, differs)
	}
	return fmt.Sprintf("all parts in %v, %d answers and gauges are as before", took.Round(time.Millisecond), len(before)), nil
}

// shown is what the instances show, by where.
type shown map[string]string

// compare returns an error that has the first thing that differs.
func (s shown) compare(o shown) error {
	keys := shown{}
	maps.Copy(keys, s)
	maps.Copy(keys, o)
	for _, where := range slices.Sorted(maps.Keys(keys)) {
		if s[where] != o[where] {
			return fmt.Errorf("%s was\n%s\nand is\n%s", where, s[where], o[where])
		}
	}
	return nil
}

// settled waits until the instances show the latest readings of the tables, which they read now and then, and twice in a row the same.
func (b *border) settled(ctx context.Context, latest map[queue]time.Time) (s shown, err error) {
	var last error
	err = b.until(ctx, "the instances show the same", func() bool {
		before := s
		if s, last = b.show(); last != nil {
			return false
		}
		if last = before.compare(s); last == nil {
			last = s.complete(latest)
		}
		return last == nil
	})
	if err != nil {
		return nil, errors.Join(err, last)
	}
	return s, nil
}

// queue is what a reading is of.
type queue struct{ place, source, name, direction string }

// latestReadings are the times of the latest readings in the tables that were not retracted.
func (b *border) latestReadings(ctx context.Context) (latest map[queue]time.Time, err error) {
	conn, err := b.connect()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	rows, err := conn.Query(ctx, `SELECT bcp, source, queue, direction, max(time) FROM readings
		WHERE (bcp, source, id, edition) NOT IN (SELECT bcp, source, id, edition FROM readings WHERE retracted = 1) GROUP BY ALL`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	latest = map[queue]time.Time{}
	for rows.Next() {
		var q queue
		var t time.Time
		if err := rows.Scan(&q.place, &q.source, &q.name, &q.direction, &t); err != nil {
			return nil, err
		}
		latest[q] = t
	}
	return latest, rows.Err()
}

// complete returns an error unless the overview has these latest readings and no others.
func (s shown) complete(latest map[queue]time.Time) error {
	var overview struct {
		Places []struct {
			ID       string
			Readings []struct {
				Source, Queue, Direction string
				Time                     time.Time
			}
		}
	}
	if err := json.Unmarshal([]byte(s[overviewPath]), &overview); err != nil {
		return err
	}
	has := map[queue]time.Time{}
	for _, p := range overview.Places {
		for _, r := range p.Readings {
			has[queue{p.ID, r.Source, r.Queue, r.Direction}] = r.Time
		}
	}
	if !maps.EqualFunc(has, latest, time.Time.Equal) {
		return fmt.Errorf("the overview has the readings\n%v\nand the tables have\n%v", has, latest)
	}
	return nil
}

const overviewPath = "/api/v1/overview"

// gauges are the gauges of the border. Each instance shows those of all partitions.
var gauges = []string{"dwell_trucks_inside", "dwell_trucks_held", "dwell_bcp_last_event_timestamp_seconds", "dwell_bcp_silent_after_seconds", "dwell_bcp_queues_left_out"}

// show is what the instances show now; an error if one of them does not answer, or shows something else than the others.
func (b *border) show() (all shown, err error) {
	for i, p := range b.instances {
		one := shown{}
		paths := []string{"/", overviewPath, "/api/v1/places", "/api/v1/measures"}
		paths = append(paths, b.historyPaths()...)
		for _, path := range paths {
			code, text := b.get(i, path)
			if code != http.StatusOK {
				return nil, fmt.Errorf("%s: %s: status %d: %s", p.name, path, code, text)
			}
			if one[path], err = lasting(text); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", p.name, path, err)
			}
		}
		for _, name := range gauges {
			for labels, value := range b.metrics(i, name) {
				if name == "dwell_trucks_held" && (value == 0 || strings.Contains(labels, `presumed="true"`)) {
					continue // an instance shows the zeros that it was there for, and presumes as was learned when it looked last
				}
				one[name+labels] = fmt.Sprint(value)
			}
		}
		if i == 0 {
			all = one
		} else if err := all.compare(one); err != nil {
			return nil, fmt.Errorf("%s and %s differ: %w", b.instances[0].name, p.name, err)
		}
	}
	return all, nil
}

// historyPaths ask for what was stored about one place.
func (b *border) historyPaths() (paths []string) {
	until := time.UnixMilli(b.load.now).UTC().Truncate(time.Hour)
	span := url.Values{"from": {until.Add(-72 * time.Hour).Format(time.RFC3339)}, "to": {until.Format(time.RFC3339)}}.Encode()
	for _, measure := range []string{"release_time", "crossing_time", "arrivals"} {
		paths = append(paths, "/api/v1/places/AF-NAN-TORKHAM/history?grain=hour&measure="+measure+"&"+span)
	}
	return append(paths, "/api/v1/places/AF-NAN-TORKHAM/readings?"+span, "/api/v1/places/AF-NAN-TORKHAM/restatements?"+span)
}

// lasting is an answer without what depends on the time of the question.
func lasting(text string) (string, error) {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return text, nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return "", err
	}
	if o, ok := value.(map[string]any); ok {
		delete(o, "time")
	}
	withoutAges(value)
	out, err := json.Marshal(value)
	return string(out), err
}

// withoutAges removes how old readings are, who presumably has the trucks, and the trend of the hours up to now, which has no events of the simulated past.
func withoutAges(value any) {
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			withoutAges(e)
		}
	case map[string]any:
		delete(v, "presumption") // another instance may not have looked yet whether it was learned anew
		delete(v, "by_holder")
		delete(v, "age_seconds")
		delete(v, "trend")
		for _, e := range v {
			withoutAges(e)
		}
	}
}
