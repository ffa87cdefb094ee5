package variation_test

import (
	"testing"
	"time"

	"dwell/metrics/variation"
)

func show[T ~string](v *T) string {
	if v == nil {
		return "unknown"
	}
	return string(*v)
}

func TestVerdictOfVariation(t *testing.T) {
	for name, story := range map[string]struct {
		values      []float64
		time, share string
	}{
		"nothing happened":       {[]float64{10}, "common", "common"},
		"a day beyond the upper": {[]float64{10, 16}, "worse", "better"},
		"a day beyond the lower": {[]float64{10, 4}, "better", "worse"},
		"yesterday was beyond":   {[]float64{16, 10}, "common", "common"},
	} {
		c := variation.New(on(first, append(quiet(28), story.values...)...), nil)
		if got := show(c.Variation(variation.Lower)); got != story.time {
			t.Errorf("%s: of a time %s, want %s", name, got, story.time)
		}
		if got := show(c.Variation(variation.Higher)); got != story.share {
			t.Errorf("%s: of a share %s, want %s", name, got, story.share)
		}
	}
}

// The last known day counts, but not one of an earlier process.
func TestVerdictOfVariationIsOfTheLastKnownDay(t *testing.T) {
	days := on(first, append(quiet(28), 16, 10)...)
	days[29].N = 3
	for name, story := range map[string]struct {
		changes []time.Time
		want    string
	}{
		"the last day has few trucks":                        {nil, "worse"},
		"a new process began on it":                          {[]time.Time{days[29].Date}, "unknown"},
		"a new process began fifteen days ago":               {[]time.Time{days[14].Date}, "worse"},
		"a new process began when there were 13 days before": {[]time.Time{days[15].Date}, "unknown"},
	} {
		if got := show(variation.New(days, story.changes).Variation(variation.Lower)); got != story.want {
			t.Errorf("%s: %s, want %s", name, got, story.want)
		}
	}
}

// The limits are 4.68 and 15.32 hours, or per cent.
func TestVerdictOfAssurance(t *testing.T) {
	c := variation.New(on(first, quiet(28)...), nil)
	l := c.Baselines[0].Limits
	for _, story := range []struct {
		better variation.Better
		target float64
		want   variation.Assured
	}{
		{variation.Lower, 16, variation.WillMeet},
		{variation.Lower, l.Upper, variation.WillMeet},
		{variation.Lower, 15, variation.HitAndMiss},
		{variation.Lower, l.Lower, variation.HitAndMiss},
		{variation.Lower, 4, variation.WillMiss},
		{variation.Higher, 16, variation.WillMiss},
		{variation.Higher, l.Upper, variation.HitAndMiss},
		{variation.Higher, 5, variation.HitAndMiss},
		{variation.Higher, l.Lower, variation.WillMeet},
		{variation.Higher, 4, variation.WillMeet},
	} {
		if got := c.Assurance(story.better, story.target); show(got) != string(story.want) {
			t.Errorf("better %d, target %v: %s, want %s", story.better, story.target, show(got), story.want)
		}
	}
	if got := variation.New(on(first, quiet(13)...), nil).Assurance(variation.Lower, 16); got != nil {
		t.Errorf("after 13 days: %s", *got)
	}
	if got := variation.New(on(first, quiet(14)...), nil).Assurance(variation.Lower, 16); show(got) != "will meet" {
		t.Errorf("after 14 days: %s", show(got))
	}
}
