package event

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWholeNumbersOfAnyFormAreRead draws numbers as JSON may write them. math/big says what they are.
func TestWholeNumbersOfAnyFormAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(
			rapid.StringMatching(`-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?`),
			rapid.StringMatching(`(0|[1-9][0-9]{0,3})(\.[0-9]{0,3}0{1,9})?([eE][+-]?0{0,3}[0-9])?`),
			rapid.Custom(func(t *rapid.T) string { // a whole number with its decimal point moved
				digits := fmt.Sprint(rapid.Int64Range(0, 2*MaxCount).Draw(t, "whole"))
				at := rapid.IntRange(1, len(digits)).Draw(t, "decimal point")
				return strings.TrimSuffix(digits[:at]+"."+digits[at:], ".") + fmt.Sprintf("e%d", len(digits)-at)
			}),
		).Draw(t, "number")
		if !json.Valid([]byte(number)) {
			t.Skip()
		}
		most := rapid.SampledFrom([]int64{maxEdition, MaxCount}).Draw(t, "most")
		exact, _ := new(big.Rat).SetString(number)
		want := exact.IsInt() && exact.Sign() >= 0 && exact.Cmp(new(big.Rat).SetInt64(most)) <= 0
		before := number
		got, ok := integer([]byte(number), most)
		if ok != want || ok && exact.Cmp(new(big.Rat).SetInt64(got)) != 0 {
			t.Errorf("%s up to %d is %d, %t, and should be %s, %t", before, most, got, ok, exact.RatString(), want)
		}
	})
	long := "1" + strings.Repeat("0", 1000) + "e-1000"
	for number, want := range map[string]bool{
		"0e99999999999999999999":  true,
		"1e99999999999999999999":  false,
		"1e-99999999999999999999": false,
		"-0.0":                    true,
		long:                      true,
		"9999999999.000":          true,
		"10000000000":             false,
		"1e10":                    false,
	} {
		if _, ok := integer([]byte(number), MaxCount); ok != want {
			t.Errorf("%.30s: %t", number, ok)
		}
	}
}

// TestIntegerLeavesTheMessageAlone: the number lies in a message whose bytes are stored and shown.
func TestIntegerLeavesTheMessageAlone(t *testing.T) {
	message := []byte(`1.20e2,"next"`)
	if n, ok := integer(message[:6], MaxCount); n != 120 || !ok || string(message) != `1.20e2,"next"` {
		t.Errorf("%d, %t, and the message is %s", n, ok, message)
	}
}
