package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dwell/deploy/embedded/fulldisk/fulldisktest"
)

func TestTablesAreReadOnAFullDisk(t *testing.T) {
	disk := fulldisktest.Mount(t)
	if disk == nil {
		return
	}
	data, file := filepath.Join(disk.Dir, "data"), filepath.Join(disk.Dir, "events.jsonl")
	const arrived = `{"specversion":"1.0","id":"1","source":"/post","type":"dwell.truck.arrived.v1","subject":"T1","time":"2026-01-05T08:00:00Z",` +
		`"data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}}`
	if err := os.WriteFile(file, []byte(arrived), 0o644); err != nil {
		t.Fatal(err)
	}
	dwell := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(args, "--data", data), strings.NewReader(""), &out, &errs, nil); code != 0 {
			t.Fatalf("dwell %v: exit %d\n%s%s", args, code, out.String(), errs.String())
		}
		return out.String()
	}
	dwell("import", "events", file, "--wait")
	fulldisktest.Fill(t, disk)
	if got := dwell("sql", "--format", "csv", "SELECT count() AS n FROM events"); got != "n\n1\n" {
		t.Errorf("%q", got)
	}
}
