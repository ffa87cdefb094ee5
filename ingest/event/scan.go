package event

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON (RFC 8259) in one pass. On text that is not JSON it becomes broken and moves to the end: every loop
// ends, and its results are invalid.
type scanner struct {
	text   []byte
	at     int
	depth  int
	broken bool
	// scratch has the unescaped strings, which the text does not contain as they are.
	scratch []byte
}

// value is one JSON value: the contents of a string, the text of anything else.
type value struct {
	kind kind
	text []byte
}

type kind uint8

const (
	absent kind = iota
	null
	text
	number
	object
	other // true, false, an array
)

// missing reports whether the field is absent, or null or an empty string, which count as absent.
func (v *value) missing() bool { return v.kind <= null || v.kind == text && len(v.text) == 0 }

// maxDepth is how deep values may nest, the same as in encoding/json.
const maxDepth = 10_000

func (s *scanner) start(text []byte) { s.text, s.at, s.depth, s.broken = text, 0, 0, false }

// end reports whether all of the text was one JSON value.
func (s *scanner) end() bool {
	s.token()
	return !s.broken && s.at == len(s.text)
}

func (s *scanner) fail() { s.at, s.broken = len(s.text), true }

// token skips white space and returns the byte that is next, 0 at the end.
func (s *scanner) token() byte {
	if s.at < len(s.text) && s.text[s.at] > ' ' {
		return s.text[s.at]
	}
	return s.tokenAfterSpace()
}

func (s *scanner) tokenAfterSpace() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// enter reads the bracket that opens an object or array, and reports whether there is anything before the closing one:
//
//	for more := s.enter('{', '}'); more; more = s.another('}') {
func (s *scanner) enter(opening, closing byte) bool {
	if s.token() != opening || s.depth == maxDepth {
		s.fail()
		return false
	}
	s.at++
	if s.token() == closing {
		s.at++
		return false
	}
	s.depth++
	return true
}

// another reads the comma before the next member, or the closing bracket.
func (s *scanner) another(closing byte) bool {
	switch s.token() {
	case ',':
		s.at++
		return true
	case closing:
		s.at++
		s.depth--
	default:
		s.fail()
	}
	return false
}

// key reads a member's name and the colon.
func (s *scanner) key() []byte {
	s.token()
	name := s.string()
	if s.token() != ':' {
		s.fail()
		return nil
	}
	s.at++
	return name
}

// value reads any value.
func (s *scanner) value() value {
	c := s.token()
	start := s.at
	kind := other
	switch {
	case c == '"':
		return value{text, s.string()}
	case c == '{':
		kind = object
		for more := s.enter('{', '}'); more; more = s.another('}') {
			s.key()
			s.value()
		}
	case c == '[':
		for more := s.enter('[', ']'); more; more = s.another(']') {
			s.value()
		}
	case c == 't':
		s.literal("true")
	case c == 'f':
		s.literal("false")
	case c == 'n':
		kind = null
		s.literal("null")
	default:
		kind = number
		s.number()
	}
	return value{kind, s.text[start:s.at]}
}

func (s *scanner) literal(word string) {
	if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
		s.fail()
		return
	}
	s.at += len(word)
}

func (s *scanner) number() {
	s.take('-')
	if !s.take('0') {
		s.digits()
	}
	if s.take('.') {
		s.digits()
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		s.digits()
	}
}

func (s *scanner) take(c byte) bool {
	if s.at >= len(s.text) || s.text[s.at] != c {
		return false
	}
	s.at++
	return true
}

// digits reads one digit or more.
func (s *scanner) digits() {
	start := s.at
	for s.at < len(s.text) && s.text[s.at]-'0' <= 9 {
		s.at++
	}
	if s.at == start {
		s.fail()
	}
}

// string reads a string and returns its contents: a part of the text, or of scratch where it has escapes.
func (s *scanner) string() []byte {
	if s.at >= len(s.text) || s.text[s.at] != '"' {
		s.fail()
		return nil
	}
	start := s.at + 1
	end := plainUntil(s.text, start)
	if end < len(s.text) && s.text[end] == '"' {
		s.at = end + 1
		return s.text[start:end]
	}
	return s.escaped(start, end)
}

// plainUntil is where the next quote, backslash or control character is, or the end.
func plainUntil(text []byte, i int) int {
	for ; i+8 <= len(text); i += 8 {
		if marks := marks(binary.LittleEndian.Uint64(text[i:])); marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
	}
	for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i] >= ' ' {
		i++
	}
	return i
}

// marks has the high bit set of every one of eight bytes that is a quote, a backslash or a control character. Each term
// is Mycroft's test for a byte that is zero or below a bound: a byte after a marked one may be marked in error, so only
// the first mark counts.
func marks(b uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote := b ^ ones*'"'
	escape := b ^ ones*'\\'
	return ((quote-ones)&^quote | (escape-ones)&^escape | (b-ones*' ')&^b) & highs
}

// escaped reads a string that began at start and is plain up to its first escape.
func (s *scanner) escaped(start, plain int) []byte {
	begin := len(s.scratch)
	for {
		s.scratch = append(s.scratch, s.text[start:plain]...)
		s.at = plain
		switch {
		case s.take('"'):
			return s.scratch[begin:len(s.scratch):len(s.scratch)]
		case !s.take('\\') || !s.escape():
			s.fail()
			return nil
		}
		start = s.at
		plain = plainUntil(s.text, start)
	}
}

// escape reads what follows a backslash.
func (s *scanner) escape() bool {
	if s.at == len(s.text) {
		return false
	}
	c := s.text[s.at]
	s.at++
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r, ok := s.hex()
		if utf16.IsSurrogate(r) {
			s.surrogate(r)
			return ok
		}
		s.scratch = utf8.AppendRune(s.scratch, r)
		return ok
	default:
		return false
	}
	s.scratch = append(s.scratch, c)
	return true
}

// surrogate reads the second half of a pair. Half a pair is no character: it becomes the three bytes that UTF-8 would have for it and forbids, so that
// no name has it. U+FFFD in its place, as in encoding/json, would make one name of many.
func (s *scanner) surrogate(first rune) {
	back := s.at
	if s.take('\\') && s.take('u') {
		if second, ok := s.hex(); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				s.scratch = utf8.AppendRune(s.scratch, r)
				return
			}
		}
	}
	s.at = back
	s.scratch = append(s.scratch, 0xE0|byte(first>>12), 0x80|byte(first>>6)&0x3F, 0x80|byte(first)&0x3F)
}

func (s *scanner) hex() (r rune, ok bool) {
	if s.at+4 > len(s.text) {
		return 0, false
	}
	for _, c := range s.text[s.at : s.at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.at += 4
	return r, true
}
