package source

import (
	"fmt"
	"time"
)

// mostWait is the longest wait that is not doubted. Blockades of a border have lasted longer, and so such waits are taken; a slip of the unit or of the sign
// before a fraction is more frequent.
const mostWait = 14 * 24 * time.Hour

// longWaits are the waits of a file that are doubted.
type longWaits struct {
	number  int64
	longest int64 // seconds
	line    int
	text    string
}

func (w *longWaits) add(line int, seconds int64, text string) {
	if seconds <= int64(mostWait/time.Second) {
		return
	}
	if w.number++; seconds > w.longest {
		w.longest, w.line, w.text = seconds, line, text
	}
}

// LongWaits warns of waits that are longer than two weeks, with the longest; empty if the file has none.
func (q *Reader) LongWaits() string {
	if q.long.number == 0 {
		return ""
	}
	are := "waits are"
	if q.long.number == 1 {
		are = "wait is"
	}
	return fmt.Sprintf("%d %s longer than 14 days, such as %q of %s %d, which is read as %d days: is that so, or is the unit (wait_unit) or a sign in the number (decimal, thousands) another one?",
		q.long.number, are, short(q.long.text), q.tally.unit, q.long.line, q.long.longest/(24*60*60))
}
