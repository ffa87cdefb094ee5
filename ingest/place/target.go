package place

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Target is a time that the authority promised: that a statistic of a measure is at most Within.
type Target struct {
	// Measure is release_time, from arrival to release (WTO TFA Article 7.6), or crossing_time, from arrival to departure.
	Measure string
	// Quantile is that of the statistic, such as 0.9 for p90.
	Quantile float64
	Within   time.Duration
	// From is the begin of the local day from which on it holds; zero where it always did.
	From time.Time
}

// Statistic is the name of the quantile, such as p90.
func (t *Target) Statistic() string { return fmt.Sprintf("p%.0f", 100*t.Quantile) }

// TargetAt is the target for a measure that holds at an instant: the last that began. It is nil where none does.
func (p *Place) TargetAt(measure string, at time.Time) (held *Target) {
	for i := range p.Targets {
		if t := &p.Targets[i]; t.Measure == measure && !t.From.After(at) {
			held = t // they are in the order of From
		}
	}
	return held
}

// rawTargets are targets as they are in the file: a time for each measure, of which p90 is meant, or a list.
type rawTargets []rawTarget

type rawTarget struct {
	Measure   string `yaml:"measure"`
	Statistic string `yaml:"statistic"`
	Within    string `yaml:"within"`
	From      string `yaml:"from"`

	key string // where it is in the file
}

// targetMeasures have targets, and statistics are those that a target may be of.
var (
	targetMeasures = []string{"release_time", "crossing_time"}
	statistics     = map[string]float64{"p50": 0.5, "p75": 0.75, "p80": 0.8, "p90": 0.9, "p95": 0.95}
)

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (r *rawTargets) UnmarshalYAML(node ast.Node) error {
	decode := func(into any) error {
		return yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(node, into)
	}
	if _, list := node.(*ast.SequenceNode); list {
		var all []rawTarget
		err := decode(&all)
		for i := range all {
			all[i].key = fmt.Sprintf("targets[%d]", i)
		}
		*r = all
		return err
	}
	var short struct {
		ReleaseTime  string `yaml:"release_time"`
		CrossingTime string `yaml:"crossing_time"`
	}
	err := decode(&short)
	for i, within := range []string{short.ReleaseTime, short.CrossingTime} {
		if within != "" {
			*r = append(*r, rawTarget{Measure: targetMeasures[i], Statistic: "p90", Within: within, key: "targets." + targetMeasures[i]})
		}
	}
	return err
}

// targets are those of a place, in the order of From; every fault is reported.
func (r rawTargets) targets(zone *time.Location, fault func(error)) (all []Target) {
	for _, raw := range r {
		t := Target{Measure: raw.Measure}
		within := raw.key
		if strings.HasPrefix(raw.key, "targets[") {
			within += ".within"
		}
		if raw.Within == "" {
			raw.Within = "0"
		}
		fault(duration(within, raw.Within, &t.Within))
		if !slices.Contains(targetMeasures, raw.Measure) {
			fault(fmt.Errorf("%s.measure: %q has no target; use %s", raw.key, raw.Measure, strings.Join(targetMeasures, ", ")))
		}
		var known bool
		if t.Quantile, known = statistics[raw.Statistic]; !known {
			fault(fmt.Errorf("%s.statistic: %q is not one of p50, p75, p80, p90, p95", raw.key, raw.Statistic))
		}
		if raw.From != "" && zone != nil {
			var err error
			if t.From, err = time.ParseInLocation(time.DateOnly, raw.From, zone); err != nil {
				fault(fmt.Errorf("%s.from: %q is not a date such as \"2026-03-21\"", raw.key, raw.From))
			}
		}
		if slices.ContainsFunc(all, func(o Target) bool { return o.Measure == t.Measure && o.From.Equal(t.From) }) {
			fault(fmt.Errorf("%s: %s has another target from the same day on", raw.key, t.Measure))
		}
		all = append(all, t)
	}
	slices.SortStableFunc(all, func(a, b Target) int { return a.From.Compare(b.From) })
	return all
}
