package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// truth is a line of the truth: what really happened to one visit. Times are Unix milliseconds, null for what has not
// happened. The last segment of a truck still inside has no end.
type truth struct {
	Visit     string `json:"visit"`
	BCP       string `json:"bcp"`
	Direction string `json:"direction"`
	Channel   string `json:"channel"`
	Regime    string `json:"regime"`

	Arrived  *int64 `json:"arrived"`
	Released *int64 `json:"released"`
	Refused  *int64 `json:"refused"`
	Departed *int64 `json:"departed"`

	// ReleaseNet and CrossingNet are milliseconds net of closed hours, null where there is no such time.
	ReleaseNet  *int64 `json:"release_net"`
	CrossingNet *int64 `json:"crossing_net"`

	Segments []struct {
		Phase  string `json:"phase"`
		Holder string `json:"holder"`
		Start  int64  `json:"start"`
		End    *int64 `json:"end"`
		Net    *int64 `json:"net"`
	} `json:"segments"`

	Lost bool `json:"lost"`
}

var truthFields = []string{"bcp", "direction", "channel", "regime", "arrived", "released", "refused", "departed", "release_net_ms", "crossing_net_ms", "segments", "open"}

// fields are in the order of truthFields.
func (t *truth) fields() []string {
	segments, open := "", ""
	for _, s := range t.Segments {
		if s.End == nil {
			open = s.Phase + "/" + s.Holder + " " + instant(&s.Start)
			continue
		}
		segments += fmt.Sprintf("%s/%s %s %d net %s, ", s.Phase, s.Holder, instant(&s.Start), *s.End-s.Start, number(s.Net))
	}
	return []string{
		t.BCP, t.Direction, t.Channel, t.Regime, instant(t.Arrived), instant(t.Released), instant(t.Refused), instant(t.Departed),
		number(t.ReleaseNet), number(t.CrossingNet), strings.TrimSuffix(segments, ", "), open,
	}
}

func number(ms *int64) string {
	if ms == nil {
		return ""
	}
	return strconv.FormatInt(*ms, 10)
}

func instant(ms *int64) string {
	if ms == nil {
		return ""
	}
	return time.UnixMilli(*ms).UTC().Format("2006-01-02 15:04:05.000")
}

// compareTruth reads the truth a thousand visits at a time and compares the engine's rows with it.
func (a *audit) compareTruth(ctx context.Context) error {
	in := bufio.NewReader(a.cfg.Truth)
	var lines []truth
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("truth: %w", err)
		}
		last := err != nil
		if len(strings.TrimSpace(string(line))) > 0 {
			var t truth
			if err := json.Unmarshal(line, &t); err != nil {
				return fmt.Errorf("truth: line %d: %w", n, err)
			}
			if t.Visit == "" { // each line of another file would be a difference
				return fmt.Errorf("truth: line %d names no visit; the file should be one that dwell simulate --truth wrote", n)
			}
			if t.Lost || a.p.Since != "" && (t.Arrived == nil || *t.Arrived < a.since) {
				a.result.Lost++
			} else {
				lines = append(lines, t)
			}
		}
		if len(lines) == 1000 || last {
			if err := a.compareLines(ctx, lines); err != nil {
				return fmt.Errorf("truth: %w", err)
			}
			lines = lines[:0]
		}
		if last {
			return nil
		}
	}
}

func (a *audit) compareLines(ctx context.Context, lines []truth) error {
	if len(lines) == 0 {
		return nil
	}
	ids := make([]string, len(lines))
	for i := range lines {
		ids[i] = lines[i].Visit
	}
	const query = `SELECT visit, [
			bcp, direction, channel, regime, ifNull(toString(arrived), ''), ifNull(toString(released), ''),
			ifNull(toString(refused), ''), ifNull(toString(departed), ''),
			ifNull(toString(release_net_ms), ''), ifNull(toString(crossing_net_ms), ''),
			arrayStringConcat(arrayMap((p, h, s, ms, net) -> concat(p, '/', h, ' ', toString(s), ' ', toString(ms), ' net ', toString(net)),
				segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms), ', '),
			if(phase = '', '', concat(phase, '/', holder, ' ', ifNull(toString(since), '')))]
		FROM %s_visits FINAL WHERE visit IN (?)`
	rows, err := a.conn.Query(ctx, fmt.Sprintf(query, a.p.Scratch), ids)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	engine := make(map[string][]string, len(lines))
	for rows.Next() {
		var id string
		var fields []string
		if err := rows.Scan(&id, &fields); err != nil {
			return err
		}
		engine[fields[0]+" "+id] = fields
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for i := range lines {
		if err := a.compareLine(&lines[i], engine[lines[i].BCP+" "+lines[i].Visit]); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) compareLine(t *truth, engine []string) error {
	a.result.True++
	fields := t.fields()
	if engine == nil {
		return a.differ("visit "+t.Visit, "row", "missing", "truth", strings.Join(fields, " "))
	}
	for i, want := range fields {
		if engine[i] != want {
			if err := a.differ("visit "+t.Visit, truthFields[i], engine[i], "truth", want); err != nil {
				return err
			}
		}
	}
	return nil
}
