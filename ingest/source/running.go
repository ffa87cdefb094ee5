package source

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dwell/ingest/event"
)

// running finds columns of ids that number the records of a file of events: 1, 2, 3. Such a number is no identity, as each record below one that is
// inserted or deleted has another one then.
type running struct {
	id, subject *count
	header      []string
	plates      []int // records of which a column has what looks like a number plate
	records     int
}

// count is a column whose numbers have gone on by one so far.
type count struct {
	at, last, line int
	broken         bool
}

// newRunning watches the columns of ids of a mapping, if each is one column.
func newRunning(at []positions, header []string) *running {
	r := &running{header: header, plates: make([]int, len(header))}
	if id := at[0].fields[ofID]; id >= 0 {
		r.id = &count{at: id}
	}
	if len(at[0].subject) == 1 {
		r.subject = &count{at: at[0].subject[0]}
	}
	return r
}

// add takes a record, by its number in the file.
func (r *running) add(line int, values []string) {
	for _, c := range []*count{r.id, r.subject} {
		if c == nil || c.broken {
			continue
		}
		n, err := strconv.Atoi(western(strings.TrimSpace(values[c.at])))
		goesOn := n > c.last && n-c.last <= line-c.line || n == c.last && line == c.line
		c.broken = err != nil || c.line == 0 && n > line || c.line > 0 && !goesOn
		c.last, c.line = n, line
	}
	if r.records++; r.records > maxProposedLines {
		return
	}
	for i := range values {
		if looksLikeID(strings.TrimSpace(values[i])) {
			r.plates[i]++
		}
	}
}

// counts reports whether a column numbers the records.
func (r *running) counts(c *count) bool { return c != nil && !c.broken && r.records >= fewVisits }

// plate is the column that looks like that of number plates; empty if the file has none.
func (r *running) plate() string {
	at := slices.IndexFunc(r.plates, func(n int) bool { return 10*n >= 8*min(r.records, maxProposedLines) })
	if at < 0 {
		return ""
	}
	return strings.TrimSpace(r.header[at])
}

// RunningSubject warns of a mapping whose subject numbers the records of the file, and names what would be one; empty if it does not.
func (q *Reader) RunningSubject() string {
	if q.running == nil || !q.running.counts(q.running.subject) {
		return ""
	}
	better := "the number of its pass, which all of its records have"
	arrival := slices.IndexFunc(q.mapping.shapes, func(s shape) bool { return s.values[ofType] == event.TruckArrived.String() })
	if plate := q.running.plate(); len(q.mapping.shapes) > 1 && arrival >= 0 && plate != "" {
		better += fmt.Sprintf(", or columns such as [%s]", strings.Join(append(names{plate}, q.mapping.shapes[arrival].columns.Time...), ", "))
	}
	return fmt.Sprintf("columns.subject: %q numbers the records of the file 1, 2, 3, which is no identity: each visit below a record that is inserted or deleted "+
		"becomes another one; name what a visit has by itself: %s", strings.TrimSpace(q.running.header[q.running.subject.at]), better)
}

// RunningID says so of the id; empty if it does not, or if RunningSubject says it of the same column.
func (q *Reader) RunningID() string {
	r := q.running
	if r == nil || !r.counts(r.id) || r.counts(r.subject) && r.id.at == r.subject.at {
		return ""
	}
	return fmt.Sprintf("columns.id: %q numbers the records of the file 1, 2, 3, so a corrected record replaces the earlier one as long as none is inserted or deleted above; "+
		"otherwise leave it out, and the subject and the time are the id", strings.TrimSpace(r.header[r.id.at]))
}
