package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

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
