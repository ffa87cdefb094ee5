package source

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// recordWords are what the name of a column is made of that numbers the lines of a file, or names the records of a system. A name with another word,
// such as pass no, is that of something else.
var recordWords = []string{
	"id", "uid", "uuid", "guid", "no", "nr", "n", "num", "number", "numero", "número", "seq", "sequence", "serial", "row", "line", "record", "entry", "event", "message", "log",
	"№", "#", "п", "номер", "ид", "код", "запись", "запису", "записи", "запис", "событие", "события", "подія", "події", "строка", "строки", "рядок", "рядка", "оқиға", "рет",
	"р", "бр", "рб", "r", "br", "rb", "redni", "broj", "редни", "број", "lp", "l", "wiersz", "zdarzenie", "zdarzenia", "satz", "zeile", "sıra", "sira", "satır", "kayıt", "olay", "ردیف", "شماره", "رقم", "رویداد", "ثبت",
}

// numbersRecords reports whether the name of a column is that of a number or an id of each record.
func numbersRecords(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(strings.TrimSpace(name)), func(c rune) bool {
		return !unicode.IsLetter(c) && c != '№' && c != '#'
	})
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(recordWords, w) })
}

// recordID is the unused column of the ids of records: its name says so, and its values are different ones; -1 if the file has none.
func (p *proposal) recordID() int {
	return p.unused(func(i int) bool { return numbersRecords(p.header[i]) && p.isUnique(i) })
}

// isUnique reports whether nearly each row has a value of its own in a column.
func (p *proposal) isUnique(at int) bool { return 20*len(p.words(at)) >= 19*len(p.rows) }

// visits is the unused column of the ids of visits; -1 if the file has none. Where each line is an event, a subject is on several lines: of the
// columns that repeat it is the one with the most values.
func (p *proposal) visits(record int, eachLineIsVisit bool) int {
	is := func(i int) bool { return i != record && p.share(i, looksLikeID) >= 0.8 }
	often := func(i int) bool { return 10*len(p.words(i)) >= 3*len(p.rows) }
	best := -1
	for i := range p.header {
		n := len(p.words(i))
		repeats := 10*n >= len(p.rows) && n > 1 && !p.isUnique(i)
		if !eachLineIsVisit && !slices.Contains(p.used, i) && is(i) && repeats && (best < 0 || n > len(p.words(best))) {
			best = i
		}
	}
	if best < 0 {
		best = p.unused(func(i int) bool { return is(i) && often(i) })
	}
	if best < 0 && record >= 0 && p.share(record, looksLikeID) >= 0.8 {
		return record
	}
	return best
}

// askForVisits is what a proposal asks where each line is an event, and its subject another one.
const askForVisits = " # another one on each line: is it the id of the record? That belongs in columns.id, and the subject is on all lines of a visit"

// askForRecords is what a proposal asks where the ids of records are 1, 2, 3: a spreadsheet numbers its lines so.
func (p *proposal) askForRecords(record int) string {
	for i, row := range p.rows {
		if record < 0 || western(strings.TrimSpace(row[record])) != strconv.Itoa(i+1) {
			return ""
		}
	}
	return " # a corrected line replaces the earlier one by it; leave it out if lines are numbered anew when one is deleted"
}
