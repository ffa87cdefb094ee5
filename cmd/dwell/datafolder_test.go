package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/simulator"
	"dwell/metrics/clickhouse"
	"dwell/metrics/engine"
)

var write = flag.String("write", "", "add a data folder of this name to testdata/datafolder")

// TestDataFolderOfEachVersionIsOpened: each folder of testdata/datafolder is what some version has left: the places, a data folder of
// some hours, events that came later, and what the tables said without them and with them. It never changes. For a new schema,
//
//	go test ./cmd/dwell -run DataFolder -write schema-N
//
// adds one.
func TestDataFolderOfEachVersionIsOpened(t *testing.T) {
	if *write != "" {
		writeDataFolder(t, filepath.Join("testdata/datafolder", *write))
	}
	all, err := filepath.Glob("testdata/datafolder/*")
	if err != nil || len(all) == 0 {
		t.Fatalf("%d data folders, %v", len(all), err)
	}
	for _, dir := range all {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			cfg := folderOf(t, dir)
			unpack(t, filepath.Join(dir, "data.tar.gz"), cfg.Data)
			s := startHere(t, cfg)
			hasTheSchema(t, s)
			is(t, dir, "before.txt", said(t, s))
			sendLines(t, s, filepath.Join(dir, "later.jsonl"))
			count(t, s)
			is(t, dir, "after.txt", said(t, s))
			var out bytes.Buffer
			found, err := (&auditCommand{}).audit(t.Context(), &env{strings.NewReader(""), &out, io.Discard, nil}, s)
			if err != nil || found.Differences != 0 {
				t.Errorf("%v\n%s", err, out.String())
			}
			stopHere(t, s)

			s = startHere(t, cfg)
			defer stopHere(t, s)
			if _, err := s.Recount(t.Context()); err != nil {
				t.Fatal(err)
			}
			is(t, dir, "after.txt", said(t, s))
		})
	}
}

func folderOf(t *testing.T, dir string) app.Config {
	t.Helper()
	cfg := app.DefaultConfig()
	cfg.Embed(filepath.Join(t.TempDir(), "data"))
	cfg.Places = filepath.Join(dir, "places.yaml")
	cfg.Kafka.NewPartitions = 2
	return cfg
}

// is compares with a file of a data folder, or writes it where it is being made.
func is(t *testing.T, dir, file, got string) {
	t.Helper()
	path := filepath.Join(dir, file)
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && *write == filepath.Base(dir) {
		err, want = os.WriteFile(path, []byte(got), 0o644), []byte(got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: the tables say\n%s", path, differing(got, string(want)))
	}
}

// hasTheSchema checks that migrations have made of the tables what a new database has. Shards would try to write to others without end.
func hasTheSchema(t *testing.T, s *app.System) {
	t.Helper()
	cfg := s.Config.ClickHouse.Config
	cfg.Database = "new"
	made, err := clickhouse.Open(t.Context(), cfg, s.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	schema := func(database string) string {
		var all []string
		const query = `SELECT arraySort(groupArray(line)) FROM (
SELECT toString((table, name, if(startsWith(type, 'Enum'), 'Enum', type), compression_codec)) || '\n' AS line FROM system.columns WHERE database = ?
UNION ALL SELECT toString((name, sorting_key, partition_key)) || '\n' FROM system.tables WHERE database = ?
UNION ALL SELECT toString((table, name, expr, granularity)) || '\n' FROM system.data_skipping_indices WHERE database = ?)`
		if err := made.Conn().QueryRow(t.Context(), query, database, database, database).Scan(&all); err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, "")
	}
	if d := differing(schema(s.Config.ClickHouse.Database), schema(cfg.Database)); d != "" {
		t.Fatalf("the opened tables (+) are not those of a new database (-):\n%s", d)
	}
	if err := errors.Join(made.Conn().Exec(t.Context(), "DROP DATABASE new SYNC"), made.Close()); err != nil {
		t.Fatal(err)
	}
}

// differing are the lines that one of two texts has, each with + if it is the first.
func differing(a, b string) string {
	var all strings.Builder
	only := func(sign, a, b string) {
		has := map[string]bool{}
		for line := range strings.Lines(b) {
			has[line] = true
		}
		for line := range strings.Lines(a) {
			if !has[line] {
				all.WriteString(sign + line)
			}
		}
	}
	only("+", a, b)
	only("-", b, a)
	return all.String()
}

// said is what the tables say, in terms that each version has.
func said(t *testing.T, s *app.System) string {
	t.Helper()
	var all strings.Builder
	for _, q := range []struct{ name, query string }{
		{"shard, offset", "SELECT toString((shard, offset)) FROM progress FINAL ORDER BY shard"},
		{"events", "SELECT toString((toString(type), count())) FROM events FINAL GROUP BY type ORDER BY type"},
		{"dead letters", "SELECT toString((toString(origin), name, part, number, reason, value)) FROM dead_letters FINAL ORDER BY origin, name, part, number"},
		{"redriven", "SELECT toString((toString(origin), name, part, number)) FROM redrives FINAL ORDER BY origin, name, part, number"},
		{"visits, release and net crossing time", "SELECT toString((bcp, direction, status, count(), sum(release_ms), sum(crossing_net_ms))) FROM visits FINAL GROUP BY bcp, direction, status ORDER BY bcp, direction, status"},
		{"segments", "SELECT toString((p, h, count(), sum(ms), sum(net))) FROM visits FINAL ARRAY JOIN segment_phase AS p, segment_holder AS h, segment_ms AS ms, segment_net_ms AS net GROUP BY p, h ORDER BY p, h"},
		{"windows", "SELECT toString((toString(grain) AS g, toString(measure) AS m, sum(n), sum(sum_ms), sum(net_ms))) FROM windows FINAL GROUP BY g, m HAVING sum(n) != 0 ORDER BY g, m"},
		{"inside", "SELECT toString((bcp, direction, phase, holder, trucks)) FROM waiting_now WHERE trucks > 0 ORDER BY bcp, direction, phase, holder"},
		{"restatements", "SELECT toString((toString(bcp) AS b, toString(measure) AS m, count(), sum(n), sum(sum_ms))) FROM restatements FINAL GROUP BY b, m ORDER BY b, m"},
		{"readings", "SELECT toString((bcp, source, queue, id, vehicles, lanes_open, service_rate, toString(state))) FROM queue_readings WHERE id = 'q'"},
		{"openings", "SELECT toString((shard, type, id, bcp, time)) FROM openings FINAL ORDER BY shard, offset"},
	} {
		_, _ = fmt.Fprintf(&all, "%s\n", q.name)
		rows, err := s.Store.Conn().Query(t.Context(), q.query)
		if err != nil {
			t.Fatalf("%s: %v", q.query, err)
		}
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			_, _ = fmt.Fprintf(&all, "\t%s\n", line)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// sendLines sends the events of a file. Their records have the time of the event, or of when it was recorded.
func sendLines(t *testing.T, s *app.System, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := event.NewDecoder(s.Vocabulary, time.Hour)
	for line := range bytes.Lines(text) {
		key, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte("\t"))
		r := event.StructuredRecord(key, value, time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC).UnixMilli())
		var e event.Event
		if why := decoder.Decode(&r, &e); why == nil {
			r.Time = max(e.Time, e.Recorded)
			r.SetAllPartitions(e.OfPlace())
		}
		if err := s.Producer.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// writeDataFolder makes a data folder of three simulated hours at nine places, and the events of the next five minutes.
func writeDataFolder(t *testing.T, dir string) {
	t.Helper()
	places, err := os.ReadFile("../../ingest/place/shipped/afghanistan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "places.yaml"), places, 0o644)); err != nil {
		t.Fatal(err)
	}
	cfg := folderOf(t, dir)
	s := startHere(t, cfg)
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	sim, err := simulator.New(simulator.Config{
		Places: s.Book, From: from, Until: from.AddDate(0, 0, 1), Seed: 5,
		Faults: simulator.Faults{Late: 0.1, Duplicate: 0.03, Retract: 0.02},
	})
	if err != nil {
		t.Fatal(err)
	}
	var first, later bytes.Buffer
	for em, ok := sim.Next(); ok && em.At < from.Add(185*time.Minute).UnixMilli(); em, ok = sim.Next() {
		to := &first
		if em.At >= from.Add(3*time.Hour).UnixMilli() {
			to = &later
		}
		_, _ = fmt.Fprintf(to, "%s\t%s\n", em.Event.Subject, event.AppendStructured(nil, s.Vocabulary, em.Event))
	}
	const hold = "T9\t" + `{"specversion":"1.0","id":"%d","source":"/office","edition":%[1]d,"type":"dwell.hold.%s.v1","subject":"T9","time":"2026-01-05T0%d:30:00Z","data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound","agency":"customs","hold":"H1"}}` + "\n"
	_, _ = fmt.Fprintf(&first, hold, 1, "placed", 1)
	_, _ = fmt.Fprintf(&later, hold, 2, "lifted", 2)
	input := filepath.Join(t.TempDir(), "first.jsonl")
	if err := errors.Join(os.WriteFile(input, first.Bytes(), 0o644), os.WriteFile(filepath.Join(dir, "later.jsonl"), later.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	sendLines(t, s, input)
	sendOddities(t, s)
	count(t, s)
	imported := event.Origin{Kind: event.FromImport, Name: "2026-01/posts.csv", Number: 17}
	posted := event.Origin{Kind: event.FromRequest, Name: "c0ffee", Number: 4}
	var raw engine.Raw
	for _, o := range []event.Origin{imported, posted, event.RecordOrigin("gate", 0, 1)} {
		raw.DeadLetters = append(raw.DeadLetters, event.DeadLetter{Origin: o, Reason: event.NotJSON, Record: event.Record{Time: from.UnixMilli(), Value: []byte("?")}})
	}
	if err := s.Store.WriteRaw(t.Context(), 0, &raw); err != nil {
		t.Fatal(err)
	}
	for _, o := range []event.Origin{imported, event.RecordOrigin(cfg.Kafka.Topic, 0, 1)} {
		if err := s.Store.Redriven(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	stopHere(t, s)
	pack(t, cfg.Data, filepath.Join(dir, "data.tar.gz"))
}

// pack packs a data folder without its password and the engine's configuration, which the next start makes.
func pack(t *testing.T, dir, file string) {
	t.Helper()
	to, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	zip, _ := gzip.NewWriterLevel(to, gzip.BestCompression)
	archive := tar.NewWriter(zip)
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() == "clickhouse.password" || entry.Name() == "dwell.xml" {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		link := ""
		if entry.Type()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(path); err != nil {
				return err
			}
		}
		head, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		head.Name, head.Uid, head.Gid, head.Uname, head.Gname = filepath.ToSlash(name), 0, 0, "", ""
		if err := archive.WriteHeader(head); err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, err = archive.Write(content)
		return err
	})
	if err := errors.Join(err, archive.Close(), zip.Close(), to.Close()); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, file, dir string) {
	t.Helper()
	from, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	zip, err := gzip.NewReader(bufio.NewReader(from))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(zip)
	for {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(head.Name))
		switch head.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o755)
		case tar.TypeSymlink:
			err = os.Symlink(head.Linkname, path)
		default:
			var content []byte
			if content, err = io.ReadAll(archive); err == nil {
				err = os.WriteFile(path, content, head.FileInfo().Mode().Perm())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
