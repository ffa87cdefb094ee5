package clickhouse

import "regexp"

// Input of these formats is refused. Of damaged bytes the engine's readers of them read outside of their memory, which ends the process, or
// never come to an end (testdata/damaged.orc, testdata/endless.parquet). Output in them does no harm.
var (
	unsafeInput = regexp.MustCompile(`(?i)\b(ORC|Parquet\w*)\b`)
	formatWord  = regexp.MustCompile(`(?i)\bformat\b`)
)

// bringsUnsafe reports whether a statement with this text brings data of such a format: as an INSERT, or in the table function
// format. A text that has the names for something else, beside the word format, is refused too, since what is inside quotes is for the
// engine's parser to say.
func (st statement) bringsUnsafe(text []byte) bool {
	if st.kind == "INSERT" && unsafeInput.MatchString(st.format) {
		return true
	}
	names, words := len(unsafeInput.FindAllIndex(text, -1)), len(formatWord.FindAllIndex(text, -1))
	if st.format != "" && !st.takesData { // the clause at the end says what the answer is in
		words--
		if unsafeInput.MatchString(st.format) {
			names--
		}
	}
	return names > 0 && words > 0
}
