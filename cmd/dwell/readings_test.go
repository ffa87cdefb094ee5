package main

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/imports"
	"dwell/ingest/source"
)

// realReadings is a file of readings that Ukraine's border service published (CC BY 4.0); it is not part of the project.
const realReadings = "../../../shared/data/pl-ua-truck-queues-2026.csv"

// fileLine is a line of the file, read by its columns alone.
type fileLine struct {
	time     time.Time
	vehicles *int64
	age      int64
}

// byHand reads the file without any of dwell.
func byHand(t *testing.T) (lines int, latest map[string]fileLine, zeros, missing int) {
	t.Helper()
	file, err := os.Open(realReadings)
	if os.IsNotExist(err) {
		t.Skipf("%s is not here", realReadings)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	latest = map[string]fileLine{}
	for _, row := range rows[1:] {
		lines++
		at, err := time.Parse(time.RFC3339, row[column["scraped_at"]])
		if err != nil {
			t.Fatal(err)
		}
		r := fileLine{time: at}
		if text := row[column["trucks_waiting"]]; text == "" || row[column["parse_miss_flag"]] == "1" {
			missing++
		} else {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				zeros++
			}
			r.vehicles = &n
		}
		if text := row[column["reading_age_seconds"]]; text != "" {
			age, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			r.age = int64(age)
		}
		if name := strings.ToUpper(row[column["crossing_id"]]); !at.Before(latest[name].time) {
			latest[name] = r
		}
	}
	return lines, latest, zeros, missing
}

// TestRealReadings imports the file and finds every reading again: what the overview says at the file's end, what the API
// says of all that time, zeros as zeros and nothing as nothing.
func TestRealReadings(t *testing.T) {
	lines, latest, zeros, missing := byHand(t)
	if lines != 2125 {
		t.Fatalf("the file has %d readings", lines)
	}
	now := time.Date(2026, 8, 22, 18, 30, 0, 0, time.UTC)
	s := serveForTest(t, "poland-ukraine", func() time.Time { return now })
	mappings, err := source.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(realReadings)
	if err != nil {
		t.Fatal(err)
	}
	r, err := source.NewReader(file, mappings, s.Vocabulary, func(string) *time.Location { return time.UTC }, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&importFlags{}).write(t.Context(), &env{nil, io.Discard, io.Discard, nil}, s, &imports.Import{Kind: imports.OfReadings}, r, sha256.New())
	if n := r.Tally(); err != nil || n.Taken != 2125 || n.Lines != 2125 {
		t.Fatalf("%v, %v", n, err)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}

	var rows, zero, null uint64
	row := s.Store.Conn().QueryRow(t.Context(), "SELECT count(), countIf(vehicles = 0), countIf(vehicles IS NULL) FROM readings FINAL")
	if err := row.Scan(&rows, &zero, &null); err != nil {
		t.Fatal(err)
	}
	if int(rows) != lines || int(zero) != zeros || int(null) != missing {
		t.Errorf("table: %d readings, %d zeros, %d unknown; the file has %d, %d, %d", rows, zero, null, lines, zeros, missing)
	}

	// What the page knows of the tables is read again within a second, and baselines are learned again within some.
	got, all := overview.Overview{}, sightings(t)
	until(t, "the overview is of the whole file", func() bool {
		got = overview.Overview{}
		get(t, "http://"+s.Listening+"/api/v1/overview", &got)
		return !slices.ContainsFunc(got.Places, func(b overview.Place) bool {
			return len(b.Readings) != 1 || b.SilentAfterSeconds != silentAfter(all[b.ID[len("PL-06-"):]], now)
		})
	})
	for i := range got.Places {
		b := &got.Places[i]
		want, ok := latest[b.ID[len("PL-06-"):]]
		if !ok || len(b.Readings) != 1 {
			t.Errorf("%s: %d readings in the overview; the file has some: %v", b.ID, len(b.Readings), ok)
			continue
		}
		r := b.Readings[0]
		switch {
		case !r.Time.Equal(want.time):
			t.Errorf("%s: reading of %s, want %s", b.ID, r.Time, want.time)
		case (r.Vehicles == nil) != (want.vehicles == nil) || r.Vehicles != nil && *r.Vehicles != *want.vehicles:
			t.Errorf("%s: vehicles %v, want %v", b.ID, r.Vehicles, want.vehicles)
		case r.AgeSeconds != int64(now.Sub(want.time).Seconds())+want.age:
			t.Errorf("%s: the reading is %d s old, want %v and %d s", b.ID, r.AgeSeconds, now.Sub(want.time), want.age)
		case r.Stale != (r.AgeSeconds > b.SilentAfterSeconds):
			t.Errorf("%s: stale %v at %d s of %d", b.ID, r.Stale, r.AgeSeconds, b.SilentAfterSeconds)
		}
		if b.Inside.Trucks != nil {
			t.Errorf("%s: %d trucks inside, but none was counted", b.ID, *b.Inside.Trucks)
		}
	}
	var served int
	for _, b := range got.Places {
		for day := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC); day.Before(now); day = day.AddDate(0, 0, 7) {
			var some overview.Readings
			get(t, "http://"+s.Listening+"/api/v1/places/"+b.ID+"/readings?from="+day.Format(time.RFC3339)+
				"&to="+day.AddDate(0, 0, 7).Format(time.RFC3339), &some)
			served += len(some.Readings)
		}
	}
	if served != lines {
		t.Errorf("the API has %d readings, want %d", served, lines)
	}
	testJudged(t, "http://"+s.Listening, now, &got)
}

func get(t *testing.T, url string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body(t, url)), into); err != nil {
		t.Fatal(err)
	}
}

func body(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", url, res.Status, err, text)
	}
	return string(text)
}
