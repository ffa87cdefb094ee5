package receiver

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whatever lines come in whatever order, each is taken, a duplicate, or refused by its index and a dead letter, as a model of few lines says.
func TestEveryEventIsTakenADuplicateOrRefused(t *testing.T) {
	b := open(t, func(c *Config) { c.EventsPerSecond = 1 << 30 })
	rapid.Check(t, func(rt *rapid.T) {
		b.records, b.letters = nil, nil
		var lines, taken []string
		var refused []int
		said := map[int]string{} // by the id of the event
		duplicates := 0
		for i := range rapid.IntRange(0, 30).Draw(rt, "events") {
			id := rapid.IntRange(0, 5).Draw(rt, "id")
			says := rapid.SampledFrom([]string{"inbound", "outbound", "sideways"}).Draw(rt, "direction")
			source := rapid.SampledFrom([]string{"/gate", "/gate", "/gate", "/police"}).Draw(rt, "source")
			line := fact(fmt.Sprint(id), "truck.arrived", "T1", "inbound", says, "/gate", source)
			lines = append(lines, line)
			before, met := said[id]
			switch {
			case says == "sideways" || source == "/police" || met && before != says:
				refused = append(refused, i)
			case met:
				duplicates++
			default:
				said[id] = says
				taken = append(taken, line)
			}
		}
		form := rapid.SampledFrom([]string{ndjson, "application/cloudevents-batch+json"}).Draw(rt, "form")
		body := strings.Join(lines, "\n")
		if form != ndjson {
			body = "[" + strings.Join(lines, ",") + "]"
		}
		_, receipt := b.post(t, form, body)
		var written []string
		for _, r := range b.records {
			written = append(written, string(r.Value))
		}
		var named, kept []int
		for _, u := range receipt.Refusals {
			named = append(named, u.Index)
		}
		for _, d := range b.letters {
			kept = append(kept, int(d.Origin.Number))
		}
		if receipt.Events != len(lines) || receipt.Taken != len(taken) || receipt.Duplicates != duplicates || receipt.Refused != len(refused) ||
			!slices.Equal(written, taken) || !slices.Equal(named, refused) || !slices.Equal(kept, refused) {
			rt.Fatalf("%+v\nwritten %q\nkept %v, want %v", receipt.Count, written, kept, refused)
		}
	})
}
