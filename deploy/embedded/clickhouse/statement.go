package clickhouse

import (
	"regexp"
	"slices"
	"strings"
)

// statement is what the interface has to know of a SQL text before the engine parses it.
type statement struct {
	kind   string // its first word, upper case: SELECT, INSERT, ...; "(" for a parenthesised SELECT
	format string // the FORMAT clause's name, or ""
	// For an INSERT that brings data: where its FORMAT or VALUES clause begins, and where the data begins.
	clause, data int
	takesData    bool
}

// keeping are the first words of statements that change nothing of the session, unless they make a temporary table. Any other one may:
// the engine takes more for blanks and comments than the scanner does, so that SET behind a no-break space begins with another word.
var keeping = []string{
	"SELECT", "WITH", "FROM", "(", "INSERT", "SHOW", "DESC", "DESCRIBE", "EXPLAIN", "EXISTS", "CHECK", "CREATE", "DROP", "RENAME", "ALTER",
	"TRUNCATE", "OPTIMIZE", "DELETE", "UPDATE", "KILL",
}

// temporary finds the word wherever it stands: PARALLEL WITH puts it behind a statement of any kind, and quotes that the scanner does not
// know would hide it.
var temporary = regexp.MustCompile(`(?i)\bTEMPORARY\b`)

// changesSession reports whether the statement with this text may leave something behind in the session.
func (st statement) changesSession(text []byte) bool {
	return !slices.Contains(keeping, st.kind) || temporary.Match(text)
}

// parse reads sql as far as it must: an INSERT to the beginning of its data, anything else to its end. What it does not
// understand it leaves to the engine's parser.
func parse(sql string) statement {
	s := scanner{sql: sql}
	var st statement
	depth, prev, prevAt := 0, "", 0
	selecting, ended := false, false
	for {
		word, at, ok := s.next()
		if !ok {
			break
		}
		if st.kind == "" {
			st.kind = word
		}
		switch word {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		}
		if depth == 0 && prev == "FORMAT" && isName(word) && word != "FORMAT" {
			st.format = sql[at:s.at]
			if st.kind == "INSERT" {
				st.clause, st.data, st.takesData = prevAt, afterFormat(sql, s.at), !selecting
				return st
			}
		} else if word == "SETTINGS" || word == ";" {
			ended = st.format != ""
		} else if !ended {
			st.format = "" // a column named format, not the clause, which comes last
		}
		if depth == 0 && st.kind == "INSERT" {
			switch word {
			case "SELECT", "WITH", "INFILE":
				selecting = true
			case "VALUES":
				if !selecting {
					st.format, st.clause, st.data, st.takesData = "Values", at, s.at, true
					return st
				}
			}
		}
		prev, prevAt = word, at
	}
	return st
}

func isName(word string) bool {
	return word != "" && (word[0] == '_' || 'A' <= word[0] && word[0] <= 'Z')
}

// afterFormat is where the data begins: ClickHouse skips blanks and then one line break after the format's name.
func afterFormat(sql string, at int) int {
	for at < len(sql) && strings.IndexByte(" \t\f", sql[at]) >= 0 {
		at++
	}
	if at < len(sql) && sql[at] == '\r' {
		at++
	}
	if at < len(sql) && sql[at] == '\n' {
		at++
	}
	return at
}

// scanner cuts SQL into words (upper case), quoted names and texts (as their opening quote) and single signs, and skips
// blanks and comments.
type scanner struct {
	sql string
	at  int
}

func (s *scanner) next() (word string, at int, ok bool) {
	s.skip()
	if s.at >= len(s.sql) {
		return "", s.at, false
	}
	at = s.at
	switch c := s.sql[at]; {
	case c == '\'' || c == '"' || c == '`':
		s.quoted(c)
		return string(c), at, true
	case wordByte(c):
		for s.at < len(s.sql) && wordByte(s.sql[s.at]) {
			s.at++
		}
		return strings.ToUpper(s.sql[at:s.at]), at, true
	default:
		s.at++
		return s.sql[at:s.at], at, true
	}
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

func (s *scanner) skip() {
	for s.at < len(s.sql) {
		rest := s.sql[s.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
			s.at++
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "#!"), strings.HasPrefix(rest, "# "):
			s.until(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			s.until(rest, "*/")
		default:
			return
		}
	}
}

func (s *scanner) until(rest, end string) {
	if i := strings.Index(rest, end); i >= 0 {
		s.at += i + len(end)
	} else {
		s.at = len(s.sql)
	}
}

// quoted steps over a text or a name in quotes; a backslash or a doubled quote takes the next byte with it.
func (s *scanner) quoted(quote byte) {
	for s.at++; s.at < len(s.sql); s.at++ {
		switch s.sql[s.at] {
		case '\\':
			s.at++
		case quote:
			if s.at+1 >= len(s.sql) || s.sql[s.at+1] != quote {
				s.at++
				return
			}
			s.at++
		}
	}
	s.at = min(s.at, len(s.sql))
}
