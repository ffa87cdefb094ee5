package visible

import (
	"io"
	"os"
	"sync"
	"unicode/utf8"
)

// Writer is where a command prints. It writes lines, indented or not. A carriage return is written only as the first byte of a call, with
// which a line of progress begins. It is safe for concurrent use.
type Writer struct {
	to   io.Writer
	mu   sync.Mutex
	part []byte // of a character that the next call may complete
}

// NewWriter makes a Writer in front of another.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Terminal reports whether a terminal is behind the Writer.
func (w *Writer) Terminal() bool {
	file, ok := w.to.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Write writes p, all of it or, with an error, an unknown part.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := p
	if len(w.part) > 0 {
		text = append(w.part, p...)
		w.part = nil
	}
	if plain(text) {
		return len(p), all(w.to.Write(text))
	}
	begin := ""
	if text[0] == '\r' {
		begin, text = "\r", text[1:]
	}
	if n := incomplete(text); n > 0 {
		w.part = append(w.part, text[len(text)-n:]...)
		text = text[:len(text)-n]
	}
	return len(p), all(io.WriteString(w.to, begin+Lines(string(text))))
}

// Close writes what is left of a character that was not completed.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.part
	w.part = nil
	return all(io.WriteString(w.to, Lines(string(left))))
}

func all(_ int, err error) error { return err }

// plain reports whether p has nothing but printable ASCII and line breaks, as most that is printed.
func plain(p []byte) bool {
	for _, c := range p {
		if c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// incomplete is how many bytes at the end of p begin a character that is not complete.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if last := p[len(p)-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return n
			}
			return 0
		}
	}
	return 0
}
