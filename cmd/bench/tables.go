package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"dwell/metrics/window"
)

// query sends a statement to ClickHouse's HTTP interface and calls each with every row, in JSONCompactEachRow.
func query(ctx context.Context, url, sql string, each func(row *json.Decoder) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(sql))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return &refusedError{sql, string(text), res.StatusCode}
	}
	rows := json.NewDecoder(res.Body)
	for {
		switch err := each(rows); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("clickhouse: %s: %w", sql, err)
		}
	}
}

// refusedError is a statement that ClickHouse refused.
type refusedError struct {
	sql, why string
	status   int
}

func (e *refusedError) Error() string { return fmt.Sprintf("clickhouse: %s: %s", e.sql, e.why) }

// noRows is for statements that answer nothing.
func noRows(rows *json.Decoder) error {
	_, err := rows.Token()
	return err
}

const format = " SETTINGS output_format_json_quote_64bit_integers = 0, output_format_json_quote_denormals = 0 FORMAT JSONCompactEachRow"

// resultFromTable reads the table or view bench_result.
func resultFromTable(ctx context.Context, url, database string) (result, error) {
	got := result{}
	err := query(ctx, url, "SELECT bcp, minute, n, sum_ms, p50, p95, p99 FROM "+database+".bench_result"+format, func(rows *json.Decoder) error {
		var at windowKey
		var a answer
		if err := rows.Decode(&[]any{&at.bcp, &at.minute, &a.n, &a.sum, &a.p50, &a.p95, &a.p99}); err != nil {
			return err
		}
		if _, twice := got[at]; twice {
			return fmt.Errorf("%s minute %d occurs twice", at.bcp, at.minute)
		}
		got[at] = a
		return nil
	})
	return got, err
}

// resultFromVisits computes the minutes from dwell's visits. Its bins are of seconds.
func resultFromVisits(ctx context.Context, url, database string) (result, error) {
	dwellScale := logarithmic(math.Exp2(1.0/(1<<window.Schema)), int(window.ZeroBin), 1000)
	got := result{}
	sql := `SELECT bcp, intDiv(toUnixTimestamp(start), 60), sum(w.n), sum(w.sum_ms), sumMap(w.bins) FROM (` +
		window.SQLOfMinutes(database+".visits", "release_ms IS NOT NULL") + `) AS w WHERE measure = 'release_time' GROUP BY bcp, start HAVING sum(w.n) != 0`
	err := query(ctx, url, sql+format, func(rows *json.Decoder) error {
		var at windowKey
		var a answer
		var named map[string]uint64
		if err := rows.Decode(&[]any{&at.bcp, &at.minute, &a.n, &a.sum, &named}); err != nil {
			return err
		}
		bins := make(sketch, len(named))
		for name, count := range named {
			bin, err := strconv.Atoi(name)
			if err != nil {
				return fmt.Errorf("bin %q is not a number", name)
			}
			bins[bin] = count
		}
		a.fill(bins, dwellScale)
		got[at] = a
		return nil
	})
	return got, err
}
