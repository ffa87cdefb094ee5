package event

import (
	"bytes"
	"slices"
	"strconv"
)

// integer reads a JSON number that is a whole number from 0 to most, which is at most MaxCount, in any form that JSON has for it: 12,
// 12.0 and 1.2e1 are one number, an "integer" of JSON Schema.
func integer(number []byte, most int64) (n int64, ok bool) {
	if n, ok = decimal(number); ok && len(number) <= maxDigits {
		return n, n <= most
	}
	mantissa, exponent := number, int64(0)
	if e := bytes.IndexAny(number, "eE"); e >= 0 {
		mantissa = number[:e]
		exponent, _ = strconv.ParseInt(string(number[e+1:]), 10, 32) // one out of range becomes the nearest in it
	}
	positive := bytes.TrimPrefix(mantissa, []byte("-"))
	whole, fraction, _ := bytes.Cut(positive, []byte("."))
	digits := slices.Concat(whole, fraction)
	significant := bytes.TrimRight(digits, "0")
	zeros := exponent - int64(len(fraction)) + int64(len(digits)-len(significant))
	significant = bytes.TrimLeft(significant, "0")
	switch {
	case len(significant) == 0:
		return 0, true
	case len(positive) < len(mantissa) || zeros < 0 || int64(len(significant))+zeros > maxDigits:
		return 0, false
	}
	n, ok = decimal(append(significant, bytes.Repeat([]byte("0"), int(zeros))...))
	return n, ok && n <= most
}
