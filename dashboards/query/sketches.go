package query

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dwell/metrics/window"
)

// sketches are three columns of SQL: same is the sketch of the rows whose net durations are the same and so not written,
// gross and netted are those of the others. So no row is added up twice, and none is where all are the same.
func sketches(condition string) string {
	// Of a Map sumMap is twice as fast as of the arrays of its keys and values. Its text is what the driver reads fastest:
	// it looks at each element of an array by reflection.
	sum := func(bins, of, as string) string {
		return fmt.Sprintf("toString(sumMapIf(%s, %s AND net_ms %s sum_ms)) AS %s", bins, condition, of, as)
	}
	return sum("bins", "=", "same") + ", " + sum("bins", "!=", "gross") + ", " + sum("net_bins", "!=", "netted")
}

// sketchTexts are what these columns say.
type sketchTexts struct{ same, gross, net string }

// parse is what they come to, with this closed time.
func (t *sketchTexts) parse(closed int64) (window.Bins, window.Net, error) {
	same, err := parseBins(t.same)
	gross, errGross := parseBins(t.gross)
	netted, errNet := parseBins(t.net)
	if err := cmp.Or(err, errGross, errNet); err != nil {
		return nil, window.Net{}, err
	}
	net := window.Net{}
	if closed != 0 {
		net = window.Net{Closed: closed, Bins: and(slices.Clone(same), netted)}
	}
	return and(same, gross), net, nil
}

// parseBins reads the text of a Map, such as {-32768:1,7:12}, which is in no particular order. An empty text has no bins.
func parseBins(text string) (window.Bins, error) {
	if text == "" {
		return nil, nil
	}
	inner, braced := strings.CutPrefix(text, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	bad := func() error { return fmt.Errorf("sketch %q is not a map of bins", text) }
	if !braced || !closed {
		return nil, bad()
	}
	if inner == "" {
		return nil, nil
	}
	bins := make(window.Bins, 0, 1+strings.Count(inner, ","))
	for pair := range strings.SplitSeq(inner, ",") {
		key, value, _ := strings.Cut(pair, ":")
		index, errIndex := strconv.ParseInt(key, 10, 16)
		count, errCount := strconv.ParseUint(value, 10, 64)
		if errIndex != nil || errCount != nil {
			return nil, bad()
		}
		if count > 0 {
			bins = append(bins, window.Bin{Index: int16(index), Count: int32(count)})
		}
	}
	slices.SortFunc(bins, func(a, b window.Bin) int { return cmp.Compare(a.Index, b.Index) })
	return bins, nil
}

// and adds bins to others.
func and(bins, others window.Bins) window.Bins {
	for _, b := range others {
		bins = bins.Add(b.Index, b.Count)
	}
	return bins
}
