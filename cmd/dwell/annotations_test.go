package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/receiver"
)

// A closure is posted to a dwell that runs, read over HTTP and by a command beside it, and removed. A command adds a holiday there.
func TestAnnotationsOfARunningDwell(t *testing.T) {
	s := serveForTest(t, "afghanistan", time.Now)
	secret := tokenFor(t, s, gate())
	ask := func(method, path, body, secret string, want int) []byte {
		t.Helper()
		r := requestFor(t, s, method, path, body)
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		answer, text := answerTo(t, s, r, secret)
		if answer.StatusCode != want {
			t.Errorf("%s %s: %s %s, want %d", method, path, answer.Status, text, want)
		}
		return text
	}
	known := func() (all overview.Annotations) {
		t.Helper()
		if err := json.Unmarshal(ask(http.MethodGet, receiver.AnnotationsPath+"?place=AF-NAN-TORKHAM", "", "", 200), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	command := func(args ...string) string {
		t.Helper()
		var out, errs strings.Builder
		if code := run(t.Context(), append(append([]string{"annotations"}, args...), "--data", s.Config.Data), strings.NewReader(""), &out, &errs, os.Environ()); code != 0 {
			t.Errorf("dwell annotations %q: %d %s", args, code, errs.String())
		}
		return out.String()
	}
	const closure = `{"id":"c1","kind":"closure","place":"AF-NAN-TORKHAM","from":"2026-01-05T08:00:00+04:30","text":"protest"}`
	ask(http.MethodPost, receiver.AnnotationsPath, closure, secret, 201)
	ask(http.MethodPost, receiver.AnnotationsPath, closure, secret, 200)
	ask(http.MethodPost, receiver.AnnotationsPath, closure, "", 401)
	ask(http.MethodPost, receiver.AnnotationsPath, strings.Replace(closure, "AF-NAN-TORKHAM", "AF-KAN-SPINBOLDAK", 1), secret, 403)
	ask(http.MethodPost, receiver.AnnotationsPath, strings.Replace(closure, "closure", "strike", 1), secret, 400)
	if all := known().Annotations; len(all) != 1 || all[0].ID != "c1" || all[0].Author != "gate" || !all[0].From.Equal(time.Date(2026, 1, 5, 3, 30, 0, 0, time.UTC)) {
		t.Errorf("%+v", all)
	}
	if out := command("list"); !strings.Contains(out, "protest") || !strings.Contains(out, "annotations: 1\n") {
		t.Errorf("the command lists\n%s", out)
	}
	if out := command("add", "--kind", "holiday", "--from", "2026-03-21", "--until", "2026-03-22", "--text", "Nowruz", "--id", "h1", "--author", "Zahra"); out != "annotation h1: added\n" {
		t.Errorf("the command says %q", out)
	}
	if all := known().Annotations; len(all) != 2 || all[0].ID != "h1" || all[0].Place != nil {
		t.Errorf("%+v", all)
	}
	ask(http.MethodDelete, receiver.AnnotationsPath+"/h1", "", secret, 403)
	ask(http.MethodDelete, receiver.AnnotationsPath+"/c1", "", secret, 204)
	ask(http.MethodDelete, receiver.AnnotationsPath+"/c2", "", secret, 404)
	if all := known().Annotations; len(all) != 1 || all[0].ID != "h1" {
		t.Errorf("%+v", all)
	}
	if out := command("list", "--removed"); !strings.Contains(out, "gate") || !strings.Contains(out, "annotations: 1\n") {
		t.Errorf("the command lists\n%s", out)
	}
}
