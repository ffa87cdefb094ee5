package source

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"dwell/ingest/event"
)

var errNoNumber = errors.New("no number")

// numbers reads the numbers of a file.
type numbers struct {
	decimal   string // the signs before a fraction
	thousands string // the sign between groups of three digits; a blank is any blank
	assumed   bool   // the mapping does not say the sign before a fraction
}

// read reads a number. One that has two meanings is none: 1.250 where both a point and a comma are before fractions.
func (f *numbers) read(s string) (float64, error) {
	if len(f.decimal) > 1 && f.mayBeGrouped(s) {
		return 0, errNoNumber
	}
	var b strings.Builder
	digits, grouped, fraction := 0, false, false // digits since the last sign
	for i, c := range western(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
			b.WriteRune(c)
		case (c == '-' || c == '+') && i == 0:
			b.WriteRune(c)
		case f.groups(c) && !fraction && (grouped && digits == 3 || !grouped && digits >= 1 && digits <= 3):
			digits, grouped = 0, true
		case (strings.ContainsRune(f.decimal, c) || c == arabicDecimal) && !fraction && digits > 0 && (!grouped || digits == 3):
			digits, fraction = 0, true
			b.WriteByte('.')
		default:
			return 0, errNoNumber
		}
	}
	if digits == 0 || grouped && !fraction && digits != 3 {
		return 0, errNoNumber
	}
	n, err := strconv.ParseFloat(b.String(), 64)
	if err != nil {
		return 0, errNoNumber
	}
	return n, nil
}

func (f *numbers) groups(c rune) bool {
	return strings.ContainsRune(f.thousands, c) || c == arabicThousands || strings.Contains(f.thousands, " ") && unicode.IsSpace(c)
}

// mayBeGrouped reports whether a text may be a number of thousands, or one with a fraction of three digits.
func (f *numbers) mayBeGrouped(s string) bool {
	s = strings.TrimLeft(western(s), "+-")
	at := strings.IndexAny(s, ".,")
	if at < 1 || at > 3 || len(s) != at+len(".000") || s[0] == '0' {
		return false
	}
	return !strings.ContainsFunc(s[:at]+s[at+1:], func(c rune) bool { return c < '0' || c > '9' })
}

// wayOutOf says what to do about a text that is no number.
func (f *numbers) wayOutOf(s string) string {
	switch {
	case f.mayBeGrouped(s):
		plain := strings.NewReplacer(".", "", ",", "").Replace(western(s))
		return fmt.Sprintf(": it may be %s or have a fraction; say in decimal and thousands which signs are before fractions and between thousands", plain)
	case !strings.ContainsFunc(s, unicode.IsDigit):
		return "; a word for unknown belongs in words.unknown"
	}
	return ""
}

// count reads a number of vehicles, which may have a fraction of zero. A fraction of three zeros may be thousands, unless the mapping says
// what a point is.
func (f *numbers) count(s string, most int64) (int64, error) {
	n, err := f.read(s)
	if f.assumed && f.mayBeGrouped(s) {
		return 0, errNoNumber
	}
	if err != nil || n < 0 || n != math.Trunc(n) || n > float64(most) {
		return 0, errNoNumber
	}
	return int64(n), nil
}

// lengths is how a column writes lengths of time.
type lengths struct {
	unit  time.Duration // of a one
	clock bool          // as hours and minutes with a colon, and perhaps seconds
}

// clockUnit is the unit of lengths such as 1:30.
const clockUnit = "h:mm"

// parseUnit reads what a one means as a length of time.
func parseUnit(s string) (of lengths, err error) {
	if s == clockUnit {
		return lengths{clock: true}, nil
	}
	if of.unit, err = time.ParseDuration(s); err != nil || of.unit <= 0 {
		return lengths{}, errors.New("is not a positive duration such as \"1m\"")
	}
	return of, nil
}

// seconds reads a length of time, rounded to whole seconds. Down to -slack it is zero.
func (f *numbers) seconds(s string, of lengths, slack time.Duration) (int64, error) {
	var err error
	seconds, iso := isoSeconds(s)
	switch {
	case iso:
	case of.clock:
		seconds, err = clock(s)
	default:
		seconds, err = f.read(s)
		seconds *= of.unit.Seconds()
	}
	if err != nil || seconds < -slack.Seconds() || seconds > math.MaxInt32 {
		return 0, errNoNumber
	}
	return int64(max(math.Round(seconds), 0)), nil
}

// clock reads the seconds of 1:30 or 1:30:00.
func clock(s string) (seconds float64, err error) {
	parts := strings.Split(western(s), ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, errNoNumber
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || i > 0 && (n > 59 || len(part) != 2) {
			return 0, errNoNumber
		}
		seconds = seconds*60 + float64(n)
	}
	if len(parts) == 2 {
		seconds *= 60
	}
	return seconds, nil
}

// rate reads vehicles per unit as vehicles per hour.
func (f *numbers) rate(s string, unit time.Duration) (int64, error) {
	n, err := f.read(s)
	n = math.Round(n * float64(time.Hour) / float64(unit))
	if err != nil || n < 0 || n > event.MaxCount {
		return 0, errNoNumber
	}
	return int64(n), nil
}
