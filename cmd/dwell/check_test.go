package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
)

// A post takes back an arrival and has a slip in its id: check says so, also beside the process that owns the folder.
func TestCheckCountsRetractionsThatRetractNothing(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	bcp, _ := s.Vocabulary.BCP([]byte("AF-NAN-TORKHAM"))
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()
	arrived := event.Event{Type: event.TruckArrived, ID: []byte("0815"), Source: []byte("/post"), Subject: []byte("T1"), BCP: bcp, Direction: event.Inbound, Time: at, Recorded: at}
	retracted := event.Event{
		Type: event.EventRetracted, ID: []byte("r"), Source: []byte("/post"), Subject: []byte("T1"), BCP: bcp, Time: at, Recorded: at,
		RetractedID: []byte("O815"), RetractedSource: []byte("/post"), RetractedTime: at,
	}
	if err := s.Producer.Write(t.Context(), event.NewRecord(s.Vocabulary, &arrived, at), event.NewRecord(s.Vocabulary, &retracted, at)); err != nil {
		t.Fatal(err)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"check", "--data", s.Config.Data}, strings.NewReader(""), &out, &errs, nil); code != 0 {
		t.Fatal(errs.String())
	}
	if want := "retractions    1 of events that have not come, in the view ineffective_retractions\n"; !strings.Contains(out.String(), want) {
		t.Errorf("%s\nshould have %s", &out, want)
	}
}

// A truck is held by an agency that the next places file lacks: check says so before a process is started with it.
func TestCheckNamesTheAgencyThatAPlacesFileLacks(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	bcp, _ := s.Vocabulary.BCP([]byte("AF-NAN-TORKHAM"))
	transport, _ := s.Vocabulary.Agency([]byte("transport"))
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()
	held := event.Event{
		Type: event.HoldPlaced, ID: []byte("1"), Source: []byte("/post"), Subject: []byte("T1"), BCP: bcp, Direction: event.Inbound, Time: at, Recorded: at,
		Agency: transport, Hold: []byte("h"),
	}
	if err := s.Producer.Write(t.Context(), event.NewRecord(s.Vocabulary, &held, at)); err != nil {
		t.Fatal(err)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	places := filepath.Join(t.TempDir(), "places.yaml")
	text := "agencies: [{code: customs, names: {en: Customs}}]\nplaces: [{id: AF-NAN-TORKHAM, names: {en: Torkham}, time_zone: Asia/Kabul}]\n"
	if err := os.WriteFile(places, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"check", "--data", s.Config.Data}, strings.NewReader(""), &out, &errs, []string{"DWELL_PLACES=" + places})
	want := fmt.Sprintf("dwell: places: %q lacks the agencies [\"transport\"], which the tables have events of: add them, or stop every process and run dwell recount, which makes dead letters of their events\n", places)
	if code != 1 || errs.String() != want {
		t.Errorf("exit %d, %s\nwant %s\nout %s", code, &errs, want, &out)
	}
}

// Two agencies have topics of their own, one of which is not there yet: check names each, with what it has, also while no broker runs.
func TestCheckNamesTheTopicsOfSources(t *testing.T) {
	const sources = `
sources:
  gate: {topic: gate.events, source: /gate, bcp: AF-NAN-TORKHAM, direction: inbound, columns: {subject: truck, time: at}, events: [{values: {type: truck.arrived}}]}
`
	s := startHere(t, configured(t, sources))
	defer func() { stopHere(t, s) }()
	sendHere(t, s, kafkago.Message{Topic: "gate.events", Value: []byte("{}")}, kafkago.Message{Topic: "gate.events", Value: []byte("{}")})
	config := func(kafka, more string) string {
		file := filepath.Join(t.TempDir(), "dwell.yaml")
		if err := os.WriteFile(file, []byte("places: afghanistan\nkafka: "+kafka+"\nclickhouse: {embedded: true}\n"+sources+more), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	check := func(config string) (printed, failed string) {
		var out, errs bytes.Buffer
		run(t.Context(), []string{"check", "--config", config}, strings.NewReader(""), &out, &errs, nil)
		return out.String(), errs.String()
	}
	brokers := fmt.Sprintf("{brokers: [%q]}", s.Config.Kafka.Brokers[0])
	const scanner = "  scanner: {topic: scanner.events, source: /scanner, bcp: AF-NAN-TORKHAM, columns: {subject: truck, time: at}, events: [{values: {type: truck.arrived, direction: inbound}}]}\n"
	printed, failed := check(config(brokers, scanner))
	if want := "source         gate: topic gate.events, messages: 2, partitions: 1\n"; !strings.Contains(printed, want) {
		t.Errorf("%s\nshould have %s", printed, want)
	}
	if want := `sources.scanner: topic "scanner.events": [3] Unknown Topic Or Partition`; !strings.Contains(failed, want) {
		t.Errorf("%s\nshould have %s", failed, want)
	}
	printed, failed = check(config("{embedded: true}", ""))
	if want := "source         gate: topic gate.events of the embedded broker, which dwell serve creates\n"; !strings.Contains(printed, want) || failed != "" {
		t.Errorf("%s%s\nshould have %s", printed, failed, want)
	}
}

// A ministry publishes its queues, and has renamed a place. Another one is down, a third one has another document than the mapping is for: check names each,
// and goes on.
func TestCheckTriesTheDocumentsOfSources(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/queues.json" {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprint(w, `{"queues":[{"post":"AF-NAN-TORKHAM","at":"2026-01-05T08:00:00Z","trucks":7},{"post":"Torkham","at":"2026-01-05T08:00:00Z","trucks":7}]}`)
	}))
	defer service.Close()
	of := func(name, path, columns string) string {
		return fmt.Sprintf("  %s: {url: %q, source: /%s, path: queues, columns: %s}\n", name, service.URL+path, name, columns)
	}
	const columns = "{bcp: post, time: at, vehicles: trucks}"
	config := filepath.Join(t.TempDir(), "dwell.yaml")
	text := "places: afghanistan\nkafka: {embedded: true}\nclickhouse: {embedded: true}\nsources:\n" +
		of("down", "/away", columns) + of("ministry", "/queues.json?key=secret", columns) + of("other", "/queues.json", "{bcp: post, time: when, vehicles: trucks}")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"check", "--config", config}, strings.NewReader(""), &out, &errs, nil); code != 1 {
		t.Errorf("ends with %d", code)
	}
	for want, in := range map[string]string{
		"source         ministry: 2 objects: 1 reading, 1 refused (1 unknown_bcp)\n":       out.String(),
		"\n               object 2: post: \"Torkham\" is not the id of a configured place": out.String(),
		"kafka          embedded\n": out.String(),
		"sources.down: GET " + service.URL + "/away: answered 503 Service Unavailable": errs.String(),
		"sources.other: readings: mapping \"sources.other\" does not fit the header":   errs.String(),
	} {
		if !strings.Contains(in, want) {
			t.Errorf("%s\nshould have %s", in, want)
		}
	}
	if strings.Contains(out.String()+errs.String(), "secret") {
		t.Errorf("the key of an address is printed:\n%s%s", &out, &errs)
	}
}
