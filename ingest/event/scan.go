package event

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON (RFC 8259) in one pass. Every method but skipSpace returns false where the text is not JSON.
type scanner struct {
	text []byte
	at   int
	// scratch holds the strings that had escapes, since they stand nowhere in the text as they are.
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

// missing says whether the field is absent, or null, which counts as absent.
func (v value) missing() bool { return v.kind == absent || v.kind == null }

// maxDepth is how deep values may nest, the same as in encoding/json.
const maxDepth = 10_000

func (s *scanner) skipSpace() {
	for s.at < len(s.text) && s.text[s.at] <= ' ' {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// next is the byte at hand, 0 at the end.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.next() != c || s.at >= len(s.text) {
		return false
	}
	s.at++
	return true
}

// object reads an object; member is called with each key and must read its value.
func (s *scanner) object(member func(key []byte) bool) bool {
	if !s.take('{') {
		return false
	}
	s.skipSpace()
	if s.take('}') {
		return true
	}
	for {
		key, ok := s.string()
		if !ok {
			return false
		}
		s.skipSpace()
		if !s.take(':') {
			return false
		}
		s.skipSpace()
		if !member(key) {
			return false
		}
		s.skipSpace()
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.skipSpace()
	}
}

// value reads any value.
func (s *scanner) value(depth int) (value, bool) {
	start := s.at
	span := func(k kind, ok bool) (value, bool) { return value{k, s.text[start:s.at]}, ok }
	switch c := s.next(); {
	case c == '"':
		b, ok := s.string()
		return value{text, b}, ok
	case c == '{':
		return span(object, s.skipObject(depth))
	case c == '[':
		return span(other, s.skipArray(depth))
	case c == 't':
		return span(other, s.literal("true"))
	case c == 'f':
		return span(other, s.literal("false"))
	case c == 'n':
		return span(null, s.literal("null"))
	case c == '-' || c >= '0' && c <= '9':
		return span(number, s.number())
	}
	return value{}, false
}

func (s *scanner) skipObject(depth int) bool {
	if depth >= maxDepth {
		return false
	}
	return s.object(func([]byte) bool {
		_, ok := s.value(depth + 1)
		return ok
	})
}

func (s *scanner) skipArray(depth int) bool {
	if depth >= maxDepth {
		return false
	}
	s.at++
	s.skipSpace()
	if s.take(']') {
		return true
	}
	for {
		if _, ok := s.value(depth + 1); !ok {
			return false
		}
		s.skipSpace()
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
		s.skipSpace()
	}
}

func (s *scanner) literal(word string) bool {
	if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
		return false
	}
	s.at += len(word)
	return true
}

func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for c := s.next(); c >= '0' && c <= '9'; c = s.next() {
		s.at++
	}
	return s.at > start
}

// string reads a string and returns its contents: a part of the text, or of scratch where it has escapes.
func (s *scanner) string() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	start := s.at
	i := start
	for ; i+8 <= len(s.text) && plain(binary.LittleEndian.Uint64(s.text[i:])); i += 8 {
	}
	for ; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			return s.text[start:i], true
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// plain says whether none of eight bytes is a quote, a backslash or a control character. Each term sets the high bit of
// a byte that is zero or below a bound (Mycroft's test); a byte above 127 may be taken for one and is then looked at
// again.
func plain(b uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote := b ^ ones*'"'
	escape := b ^ ones*'\\'
	return ((quote-ones)&^quote|(escape-ones)&^escape|(b-ones*' ')&^b)&highs == 0
}

// escaped reads the rest of a string whose first escape is at i.
func (s *scanner) escaped(start, i int) ([]byte, bool) {
	begin := len(s.scratch)
	s.scratch = append(s.scratch, s.text[start:i]...)
	for s.at = i; s.at < len(s.text); {
		c := s.text[s.at]
		s.at++
		switch {
		case c == '"':
			return s.scratch[begin:len(s.scratch):len(s.scratch)], true
		case c < ' ':
			return nil, false
		case c != '\\':
			s.scratch = append(s.scratch, c)
		case !s.escape():
			return nil, false
		}
	}
	return nil, false
}

// escape reads what follows a backslash.
func (s *scanner) escape() bool {
	c := s.next()
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
		if !ok {
			return false
		}
		if utf16.IsSurrogate(r) {
			r = s.surrogate(r)
		}
		s.scratch = utf8.AppendRune(s.scratch, r)
		return true
	default:
		return false
	}
	s.scratch = append(s.scratch, c)
	return true
}

// surrogate reads the second half of a pair; half a pair stands for U+FFFD, as in encoding/json.
func (s *scanner) surrogate(first rune) rune {
	if s.at+6 <= len(s.text) && s.text[s.at] == '\\' && s.text[s.at+1] == 'u' {
		back := s.at
		s.at += 2
		if second, ok := s.hex(); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r
			}
		}
		s.at = back
	}
	return utf8.RuneError
}

func (s *scanner) hex() (rune, bool) {
	if s.at+4 > len(s.text) {
		return 0, false
	}
	var r rune
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
