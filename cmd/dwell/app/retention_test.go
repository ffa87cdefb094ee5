package app

import (
	"strings"
	"testing"
	"time"
)

func TestRetentionNamesKeyAndValueThatCannotBeUsed(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		kept RetentionConfig
		want string
	}{
		{RetentionConfig{}, ""},
		{RetentionConfig{Visits: 14 * day, Events: 14 * day, DeadLetters: day, Restatements: time.Hour}, ""},
		{RetentionConfig{Events: time.Hour}, ""},
		{RetentionConfig{Visits: 15 * day, Events: 16 * day}, "retention.events: 384h0m0s is longer than visits, 360h0m0s: set it to at most that"},
		{RetentionConfig{Visits: 15 * day}, "retention.events: 0 keeps events without end, but visits are kept for 360h0m0s, and their events no longer than they: set it to at most that"},
		{RetentionConfig{Visits: 23 * time.Hour, Events: time.Hour}, "retention.visits: 23h0m0s is less than a day; set at least 24h"},
		{RetentionConfig{Visits: -1, Events: -2}, "retention.visits: -1ns is negative; 0s keeps without end\nretention.events: -2ns is negative"},
		{RetentionConfig{DeadLetters: -1}, "retention.dead_letters: -1ns is negative"},
		{RetentionConfig{DeadLetters: time.Millisecond}, "retention.dead_letters: 1ms is less than an hour; set at least 1h, or 0s to keep without end"},
		{RetentionConfig{Events: 500 * time.Microsecond}, "retention.events: 500µs is less than an hour"},
		{RetentionConfig{Visits: 18250 * day, Events: 18250 * day, DeadLetters: 18250 * day, Restatements: 18250 * day}, ""},
		{RetentionConfig{DeadLetters: 36500 * day}, "retention.dead_letters: 876000h0m0s is more than 50 years, 438000h; 0s keeps without end"},
		{RetentionConfig{Visits: 13 * day, Events: 13 * day}, "retention.visits: 312h0m0s is less than 336h0m0s, after which a visit of AF-"},
	} {
		cfg, err := FolderConfig(t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Retention = c.kept
		if err = cfg.Validate(); err == nil {
			_, err = cfg.ReadPlaces()
		}
		if got := message(err); (c.want == "") != (got == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.kept, got, c.want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
