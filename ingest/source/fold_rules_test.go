package source

import (
	"strings"
	"testing"
	"unicode"
)

// Two names that differ in case alone are one, whatever their letters are, and a folded name is its own folded one.
func TestFoldedNamesAreThoseThatAreTheSame(t *testing.T) {
	for sign := rune(1); sign <= unicode.MaxRune; sign++ {
		for other := unicode.SimpleFold(sign); other > sign; other = unicode.SimpleFold(other) {
			a, b := "x"+string(sign)+"y", "X"+string(other)+"Y"
			if !sameName(a, b) || folded(a) != folded(b) {
				t.Errorf("%q is %q, and %q is %q", a, folded(a), b, folded(b))
			}
		}
		if f := folded("x" + string(sign)); folded(f) != f {
			t.Errorf("%q is %q, and that is %q", sign, f, folded(f))
		}
	}
	for _, same := range [][]string{
		{"Albița", "Albiţa", "ALBIȚA", "ALBIŢA", "Albit\u0326a"},
		{"Găiești", "Găieşti", "Ga\u0306ies\u0327ti"},
		{"В'їзд", "В’їзд", "вʼїзд"},
		{"Đala", "Ðala", "đala", "ðala"},
		{"Rabka - Chyżne", "Rabka – Chyżne", "rabka - chyz\u0307ne", "Rabka\u00a0- Chyżne"},
		{"میلک", "ميلك", "می\u200cلک"},
		{"Ǌegoš", "NJEGOŠ", "njegos\u030c"},
		{"№ 7", "No 7"},
	} {
		for _, name := range same[1:] {
			if !sameName(same[0], name) || !sameName(name, same[0]) || folded(same[0]) != folded(name) {
				t.Errorf("%q is %q, and %q is %q", same[0], folded(same[0]), name, folded(name))
			}
		}
	}
	for _, pair := range [][2]string{{"Sculeni", "Şculeni"}, {"râu", "rîu"}, {"Medyka", "Medика"}, {"мис", "миc"}, {"a b", "ab"}, {"gün", "gun"}, {"đ", "d"}} {
		if sameName(pair[0], pair[1]) || folded(pair[0]) == folded(pair[1]) {
			t.Errorf("%q and %q are the same", pair[0], pair[1])
		}
	}
	if strings.Contains(folded("a\u200bb"), "\u200b") {
		t.Error("a sign that nobody sees is left")
	}
}
