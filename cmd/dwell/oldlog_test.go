package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"dwell/cmd/dwell/app"
)

// TestOldCopyOfTheEmbeddedLogLosesNothingInSilence puts back the folder of the embedded broker as it was before events that are counted,
// and begins it anew. A command sends events past what was counted before any process counts: each of them is counted.
func TestOldCopyOfTheEmbeddedLogLosesNothingInSilence(t *testing.T) {
	o := newOutpost(t)
	log := filepath.Join(t.TempDir(), "data", "kafka")
	o.cfg.Data, o.cfg.Kafka.Embedded, o.cfg.Kafka.Brokers = filepath.Dir(log), true, nil
	count := func(story string, more int) (counter, func()) {
		t.Helper()
		c, stop := o.serve(t)
		if more > 0 {
			o.arrive(t, c, more)
		}
		o.untilCounted(t, c, story)
		until(t, "the process is ready", func() bool { return c.ready(t) })
		return c, stop
	}
	send := func(each int) {
		t.Helper()
		s, err := app.Start(t.Context(), o.cfg, app.All, io.Discard, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		o.arrive(t, counter{s}, each)
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	_, stop := count("at first", 30)
	stop()
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(log)); err != nil {
		t.Fatal(err)
	}
	_, stop = count("before the loss", 30)
	stop()

	if err := errors.Join(os.RemoveAll(log), os.Rename(old, log)); err != nil {
		t.Fatal(err)
	}
	send(90)
	_, stop = count("with the old copy", 0)
	stop()

	if err := os.RemoveAll(log); err != nil {
		t.Fatal(err)
	}
	send(180)
	c, _ := count("without any log", 0)
	o.wantNoDifference(t, c)
}
