package source

import (
	"strings"
	"unicode"
)

// signsOf are the signs within the numbers of a file, as far as it shows what they mean.
type signsOf struct {
	blanks         bool
	comma, point   bool // before fractions
	commas, points bool // before three digits, so that it is a fraction or thousands
}

// add takes a text with digits.
func (s *signsOf) add(text string) {
	s.blanks = s.blanks || strings.ContainsFunc(text, unicode.IsSpace)
	last := strings.LastIndexAny(text, ".,")
	if last < 0 {
		return
	}
	behind := 0
	for _, c := range text[last+1:] {
		if unicode.IsDigit(c) {
			behind++
		}
	}
	both := strings.Contains(text, ".") && strings.Contains(text, ",") // the last one is before the fraction
	isComma, fraction := text[last] == ',', behind != 3 || both || strings.HasPrefix(text, "0")
	switch {
	case isComma && fraction:
		s.comma, s.points = true, s.points || both
	case isComma:
		s.commas = true
	case fraction:
		s.point, s.commas = true, s.commas || both
	default:
		s.points = true
	}
}

// lines say which signs are before fractions and between thousands. The numbers of a sheet and of JSON have points, which is plain, and texts
// beside them may have commas.
func (s *signsOf) lines(plain bool) (out []string) {
	thousands := ""
	switch {
	case s.comma && s.points && !s.point && !plain:
		out = append(out, `decimal: "," # and a point is between thousands, as in 1.250`)
		thousands = "."
	case s.comma:
		out = append(out, `decimal: ",."`)
	case s.points && !s.point && !plain:
		out = append(out, `# is the point, which is before three digits alone, between thousands? Then decimal: "," and thousands: "."`)
	case s.commas:
		thousands = ","
	}
	if s.blanks {
		thousands += " "
	}
	switch {
	case thousands == "":
	case thousands[0] == ',':
		out = append(out, `thousands: "`+thousands+`" # or is it the decimal comma? then decimal: ","`)
	default:
		out = append(out, `thousands: "`+thousands+`"`)
	}
	return out
}
