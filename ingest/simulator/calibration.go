package simulator

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed calibration.yaml
var calibrationFile []byte

// calibrations is calibration.yaml.
type calibrations struct {
	Profiles map[string]profile     `yaml:"profiles"`
	Default  calibration            `yaml:"default"`
	Places   map[string]calibration `yaml:"places"`
}

// profile is how arrivals spread over a week of local time: weights of the hours, and of Sunday to Saturday.
type profile struct {
	Hours    [24]float64 `yaml:"hours"`
	Weekdays [7]float64  `yaml:"weekdays"`
}

// calibration is what is known or assumed of one BCP.
type calibration struct {
	TrucksPerDay struct {
		Inbound  float64 `yaml:"inbound"`
		Outbound float64 `yaml:"outbound"`
		Source   string  `yaml:"source"`
	} `yaml:"trucks_per_day"`
	// CrossingTime is the mean that the simulation must give.
	CrossingTime struct {
		Mean   time.Duration `yaml:"mean"`
		Source string        `yaml:"source"`
	} `yaml:"crossing_time"`
	Arrivals string `yaml:"arrivals"`
	// Load is the share of their open time that lanes are in use on average; it decides how many lanes there are.
	Load float64 `yaml:"load"`
	// TraderTakes is the mean time of a trader's act.
	TraderTakes time.Duration `yaml:"trader_takes"`
	FarSide     struct {
		BlocksEvery time.Duration `yaml:"blocks_every"`
		For         time.Duration `yaml:"for"`
	} `yaml:"far_side"`

	profile profile
}

func loadCalibrations() (*calibrations, error) {
	var all calibrations
	if err := yaml.UnmarshalWithOptions(calibrationFile, &all, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("simulator: calibration.yaml: %w", err)
	}
	if err := all.Default.check(all.Profiles); err != nil {
		return nil, fmt.Errorf("simulator: calibration.yaml: default: %w", err)
	}
	for id, c := range all.Places {
		if err := c.check(all.Profiles); err != nil {
			return nil, fmt.Errorf("simulator: calibration.yaml: %s: %w", id, err)
		}
	}
	return &all, nil
}

// check refuses figures with which the simulation would get stuck.
func (c *calibration) check(profiles map[string]profile) error {
	p, ok := profiles[c.Arrivals]
	if n := p.normalised(); !ok || !(slices.Max(n.Hours[:])*slices.Max(n.Weekdays[:]) <= peak) {
		return fmt.Errorf("arrivals: %q is not a profile, or its peak is more than %d times its mean", c.Arrivals, peak)
	}
	if !(0 < c.Load && c.Load < 1) {
		return fmt.Errorf("load: %v is not between 0 and 1", c.Load)
	}
	if c.TraderTakes <= 0 || c.FarSide.BlocksEvery <= 0 || c.FarSide.For <= 0 || c.CrossingTime.Mean <= 0 {
		return errors.New("trader_takes, far_side and crossing_time: a duration is missing")
	}
	return nil
}

// peak bounds how many times its mean the rate of arrivals may be.
const peak = 4

// of is the calibration of a place.
func (all *calibrations) of(id string) calibration {
	c, ok := all.Places[id]
	if !ok {
		c = all.Default
	}
	c.profile = all.Profiles[c.Arrivals].normalised()
	return c
}

// normalised scales the weights to a mean of one.
func (p profile) normalised() profile {
	scale(p.Hours[:])
	scale(p.Weekdays[:])
	return p
}

// rest is the weight of the weekly day of rest.
func (p profile) rest() float64 { return slices.Min(p.Weekdays[:]) }

func scale(weights []float64) {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	for i := range weights {
		weights[i] *= float64(len(weights)) / sum
	}
}
