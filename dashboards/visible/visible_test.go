package visible

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestHiddenCharactersAreWrittenAsEscapes(t *testing.T) {
	for _, c := range []struct{ text, line, lines string }{
		{"Torkham تورخم می\u200cرود 'x' \\", "Torkham تورخم می\u200cرود 'x' \\", ""},
		{"a\tb\nc\x1b[31m\u009b1m\x7f", `a\tb\nc\x1b[31m\u009b1m\x7f`, "a\tb\nc" + `\x1b[31m\u009b1m\x7f`},
		{"T1\u202e1T\u2066\u200f\ufeff", `T1\u202e1T\u2066\u200f\ufeff`, ""},
		{"T1\xff\xc3 �", `T1\xff\xc3 �`, ""},
		{"\u2028row\U000e0041", `\u2028row\U000e0041`, ""},
	} {
		if got := Text(c.text); got != c.line {
			t.Errorf("%q: got %q, want %q", c.text, got, c.line)
		}
		want := c.lines
		if want == "" {
			want = c.line
		}
		if got := Lines(c.text); got != want {
			t.Errorf("%q: got %q, want %q", c.text, got, want)
		}
	}
}

func TestCellIsNoFormula(t *testing.T) {
	for text, want := range map[string]string{
		`=HYPERLINK("x")`: `'=HYPERLINK("x")`, "+1+1": "'+1+1", "-2+3": "'-2+3", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": `'\r=1`, "＝1": "'＝1",
		"-12": "-12", "+3.5": "+3.5", "-1.5e-7": "-1.5e-7", "2026-01-05": "2026-01-05", "T1": "T1", "": "", "-": "'-", "a\x1b=": `a\x1b=`,
	} {
		if got := cell(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestJSONStaysTheSameDocument(t *testing.T) {
	text := "a\x1b\u202e\u009b\x7f\U000e0041 تورخم"
	document, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal([]byte(JSON(string(document))), &got); err != nil || got != text {
		t.Errorf("%q, %v", got, err)
	}
	if strings.ContainsFunc(JSON(string(document)), hidden) {
		t.Errorf("%q", JSON(string(document)))
	}
}

// However a text is cut into calls, it is written as Lines has it.
func TestWriterWritesLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		var out bytes.Buffer
		w := NewWriter(&out)
		for rest := []byte("x" + text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "bytes")
			if rest[0] == '\r' { // a line of progress
				n = len(rest)
			}
			if m, err := w.Write(rest[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.ReplaceAll(out.String(), "\r", `\r`), Lines("x"+text); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestProgressBeginsItsLineAnew(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, p := range []string{"\rimport 10 %", "\rimport \r20 %", "\n"} {
		if _, err := w.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := out.String(), "\rimport 10 %\rimport \\r20 %\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
