package source

import (
	"regexp"
	"strconv"
	"strings"
)

// isoLength is a duration of ISO 8601 such as PT1H30M or P1DT2H. Years and months have no length of their own.
var isoLength = regexp.MustCompile(`^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$`)

// isoSeconds reads the seconds of such a duration, which has units of its own. It is false for another text.
func isoSeconds(s string) (seconds float64, ok bool) {
	parts := isoLength.FindStringSubmatch(s)
	if parts == nil {
		return 0, false
	}
	for i, unit := range []float64{7 * 24 * 3600, 24 * 3600, 3600, 60, 1} {
		if parts[1+i] == "" {
			continue
		}
		n, err := strconv.ParseFloat(strings.Replace(parts[1+i], ",", ".", 1), 64)
		if err != nil {
			return 0, false
		}
		seconds, ok = seconds+n*unit, true
	}
	return seconds, ok && !strings.HasSuffix(s, "T")
}

func looksLikeISOLength(s string) bool {
	_, ok := isoSeconds(s)
	return ok
}
