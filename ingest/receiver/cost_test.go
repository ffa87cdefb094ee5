package receiver

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"dwell/ingest/event"
)

const list = "application/cloudevents-batch+json"

// millions are bodies of 8 MiB with four million events that take two bytes each.
var millions = map[string]string{
	list:   "[" + strings.Repeat("0,", 4<<20-2) + "0]",
	ndjson: strings.Repeat("0\n", 4<<20),
}

// Four million zeros are refused after the first ten thousand: what is behind them is neither sliced nor parsed.
func TestEventsBehindTheBoundAreNotLookedAt(t *testing.T) {
	for f, body := range millions {
		whole := []byte(body)
		before := allocated()
		messages, failed := form(f).split(whole)
		taken := allocated() - before
		if failed == nil || failed.Status != http.StatusRequestEntityTooLarge || len(messages) != MaxEvents+1 {
			t.Errorf("%s: %+v with %d messages", f, failed, len(messages))
		}
		if taken > 4<<20 {
			t.Errorf("%s: %d bytes of memory were allocated", f, taken)
		}
	}
	// Behind the bound the text may be anything.
	if messages, failed := batched.split([]byte("[" + strings.Repeat("0,", MaxEvents+1) + "}")); failed == nil || len(messages) != MaxEvents+1 {
		t.Errorf("a list that is broken behind the bound: %+v with %d messages", failed, len(messages))
	}
	if messages, failed := batched.split([]byte("[" + strings.Repeat("0,", MaxEvents-1) + "}")); failed != nil || len(messages) != 1 {
		t.Errorf("a list that is broken before the bound: %+v with %d messages", failed, len(messages))
	}
}

// A token has a burst of 10,001 events here, and a body that is small only while it is packed uses it up soon, whatever becomes of it.
func TestRefusedBodiesAreChargedToTheToken(t *testing.T) {
	for _, c := range []struct {
		name, form, body string
		cut              int // so many bytes are missing at the end
		status           int
		times            int // it is read; the next post gets 429
	}{
		{"a list of four million", list, millions[list], 0, 413, 1},
		{"four million lines", ndjson, millions[ndjson], 0, 413, 1},
		{"a list of 5,000", list, "[" + strings.Repeat("0,", 4_999) + "0]", 0, 207, 3},
		{"2,048 for 8 MiB of empty lines", ndjson, strings.Repeat("\n", 8<<20), 0, 200, 5},
		{"2,048 for one event of 8 MiB", list, `["` + strings.Repeat("x", 8<<20-4) + `"]`, 0, 207, 5},
		{"2,048 for more than 8 MiB", ndjson, strings.Repeat("\n", 8<<20+1), 0, 413, 5},
		{"1,024 for 4 MiB without their checksum", ndjson, strings.Repeat("\n", 4<<20), 8, 400, 10},
	} {
		body := packed(t, "gzip", c.body)
		body = body[:len(body)-c.cut]
		synctest.Test(t, func(t *testing.T) { // so that no time passes, in which the rate would give some back
			b := open(t, func(c *Config) { c.EventsPerSecond = 1 })
			for i := range c.times {
				if w, _ := b.postPacked(t, c.form, "gzip", body); w.Code != c.status {
					t.Fatalf("%s, the post %d: %d, want %d", c.name, i, w.Code, c.status)
				}
			}
			if w, _ := b.post(t, ndjson, "0"); w.Code != http.StatusTooManyRequests {
				t.Errorf("%s: after %d of them a post gets %d", c.name, c.times, w.Code)
			}
		})
	}
}

// A body that is larger than the whole burst leaves a debt of its size.
func TestBodyLargerThanTheBurstIsChargedWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, func(c *Config) { c.MaxBody, c.EventsPerSecond = 64<<20, 1 })
		if w, receipt := b.post(t, list, `["`+strings.Repeat("x", 60<<20)+`"]`); w.Code != 207 || receipt.Refusals[0].Reason != event.TooLarge {
			t.Fatalf("%d %+v", w.Code, receipt.Count)
		}
		w, _ := b.post(t, ndjson, "{}")
		if after := w.Header().Get("Retry-After"); w.Code != http.StatusTooManyRequests || after != "5360" { // 60 MiB are 15,360 events, of which 10,001 were there
			t.Errorf("%d, Retry-After %q", w.Code, after)
		}
	})
}
