package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// guardCommand finds performance regressions on any machine: it compares the cost of an event with a ceiling measured there
// in the same minutes.
type guardCommand struct {
	Expected string `default:"expected.txt" type:"existingfile" help:"What an event may cost, one figure per line: name, and cost in ceilings."`
}

func (c *guardCommand) Run() error {
	f, err := os.Open(c.Expected)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	expected, err := readPrices(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Expected, err)
	}
	return guard(os.Stdout, os.Stdin, expected)
}

// fall is how far events per CPU-second may fall. Less than this is noise on a machine that others share.
const fall = 0.25

// ceilings are the parts of BenchmarkCeiling that together are the unit.
var ceilings = []string{"Ceiling/copy", "Ceiling/scan", "Ceiling/visits", "Ceiling/columns"}

// guard reads figures, one per line: name, value and unit, of which the highest events/cpu-s of a name counts, since noise
// only lowers it. It prints what each expected figure costs, and fails if one costs too much or is missing.
func guard(w io.Writer, figures io.Reader, expected []price) error {
	best := map[string]float64{}
	lines := bufio.NewScanner(figures)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) != 3 || words[2] != "events/cpu-s" {
			continue
		}
		value, err := strconv.ParseFloat(words[1], 64)
		if err != nil || value <= 0 {
			return fmt.Errorf("figure %q: %q is not a speed", words[0], words[1])
		}
		best[words[0]] = max(best[words[0]], value)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	var unit float64 // seconds
	for _, name := range ceilings {
		if best[name] == 0 {
			return fmt.Errorf("figure %q is missing", name)
		}
		unit += 1 / best[name]
	}
	var errs []error
	for _, e := range expected {
		if best[e.name] == 0 {
			errs = append(errs, fmt.Errorf("figure %q is missing", e.name))
			continue
		}
		got := 1 / best[e.name] / unit
		_, _ = fmt.Fprintf(w, "%s %.2f ceilings, expected %.2f\n", e.name, got, e.ceilings)
		if got > e.ceilings/(1-fall) {
			errs = append(errs, fmt.Errorf("%s: an event costs %.2f ceilings, expected %.2f: %.0f %% slower",
				e.name, got, e.ceilings, 100*(1-e.ceilings/got)))
		}
	}
	return errors.Join(errs...)
}

// price is the expected cost of an event.
type price struct {
	name     string
	ceilings float64
}

// readPrices reads lines of a name and a number. A line that begins with # says why.
func readPrices(r io.Reader) (all []price, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 2 {
			return nil, fmt.Errorf("line %d: %q is not a name and a number", n, lines.Text())
		}
		c := price{name: words[0]}
		if c.ceilings, err = strconv.ParseFloat(words[1], 64); err != nil || c.ceilings <= 0 {
			return nil, fmt.Errorf("line %d: %q is not a cost", n, words[1])
		}
		if slices.ContainsFunc(all, func(o price) bool { return o.name == c.name }) {
			return nil, fmt.Errorf("line %d: %q is listed twice", n, c.name)
		}
		all = append(all, c)
	}
	return all, lines.Err()
}
