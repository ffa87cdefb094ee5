package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// maxProposed is how much of a file a proposal rests on, in bytes, and how many of its lines.
const (
	maxProposed      = 256 << 10
	maxProposedLines = 200
)

// Propose guesses a mapping from the names and the first records of a file: encoding, separator or path, the columns by names and
// values, the layout of times, and the ids of places by idOf. It is YAML to be looked at and edited, with what was found in its
// comments; what cannot be known (units, ids of places) is a question there. The proposed source has the given name. It returns an
// error if the file has no table that a mapping could describe.
func Propose(r io.Reader, name string, idOf func(name string) (id string, ok bool)) ([]byte, error) {
	in, err := unpack(r)
	if err != nil {
		return nil, err
	}
	var t table
	if isWorkbook(in) {
		f, err := openWorkbook(in)
		if err != nil {
			return nil, err
		}
		err = t.ofSheet(f)
		return t.propose(name, idOf, err)
	}
	raw, err := plain(in, nil)
	var utf16 *unmarkedError
	if errors.As(err, &utf16) {
		enc, _ := parseEncoding(utf16.encoding)
		t.line("encoding: %s", utf16.encoding)
		raw, err = plain(in, enc)
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(raw, maxProposed))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	charset, decoded := guessEncoding(text)
	f, err := formOf(bufio.NewReaderSize(bytes.NewReader(decoded), maxHead), charset != "")
	if err != nil {
		return nil, err
	}
	if charset != "" {
		t.line("encoding: %s # a guess: are all letters right below?", charset)
	}
	switch f := f.(type) {
	case *treeFile:
		err = t.ofTrees(f)
	default:
		err = t.ofLines(decoded)
	}
	return t.propose(name, idOf, err)
}

// ofLines takes the lines of CSV.
func (t *table) ofLines(text []byte) error {
	if end := bytes.LastIndexByte(text, '\n'); end >= 0 && len(text) >= maxProposed {
		text = text[:end]
	}
	var comment rune
	if text[0] == '#' {
		comment = '#'
	}
	f := newCSV(nil, text)
	if f.separator != 0 {
		text = f.first
	}
	skip, _ := belowTitle(func(skip int) ([]string, int) {
		_, lines := guessSeparator(string(below(text, skip)), comment)
		if len(lines) == 0 {
			return nil, 0
		}
		return lines[0], len(lines)
	})
	separator, lines := guessSeparator(string(below(text, skip)), comment)
	if f.separator != 0 {
		separator = ','
	}
	if len(lines) == 0 || len(lines[0]) < 2 {
		return errors.New("no character separates the lines into columns; the file has no table")
	}
	t.header, t.rows = lines[0], lines[1:]
	if slices.ContainsFunc(t.header, func(s string) bool { return isTime(s) || isTime(s+" 00:00") }) {
		t.header, t.rows = (&Mapping{headless: true}).headerOf(t.header), lines
		t.line("header: false # the first line has a time; columns are named by their numbers")
	}
	t.skip = skip
	if skip > 0 {
		t.line("skip: %d # lines of a title above the header", skip)
	}
	if separator != ',' {
		t.line("separator: %q", string(separator))
	}
	if comment != 0 {
		t.line("comment: %q", string(comment))
	}
	return nil
}

// propose writes the mapping of a table.
func (t *table) propose(name string, idOf func(name string) (id string, ok bool), err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if len(t.rows) == 0 {
		return nil, errors.New("the file has a header and no line that can be read")
	}
	p := proposal{sheet: t.sheet, nested: t.nested, plain: t.plain || t.sheet, clocks: t.clocks, idOf: idOf, header: t.header, rows: t.rows}
	first := p
	if first.columns(); first.usesTwice() {
		p.numbered = true
		t.numbers()
	}
	p.line("source: %s # a name of your own for where the file comes from; it is a part of what identifies a reading", quoted(name))
	for _, line := range t.found {
		p.line("%s", line)
	}
	p.columns()
	return p.out.Bytes(), nil
}

// proposal is a mapping that is being guessed.
type proposal struct {
	sheet    bool
	nested   bool
	numbered bool        // columns are named by their numbers
	plain    bool        // numbers have points before fractions
	clocks   map[int]int // cells of each column that are shown as h:mm
	idOf     func(name string) (id string, ok bool)
	header   []string
	rows     [][]string
	used     []int
	out      bytes.Buffer
}

func (p *proposal) line(format string, args ...any) { fmt.Fprintf(&p.out, format+"\n", args...) }

func (p *proposal) columns() {
	var columns, after []string
	add := func(key string, at int) {
		p.used = append(p.used, at)
		columns = append(columns, fmt.Sprintf("  %s: %s", key, quoted(p.label(at))))
	}
	times, layout, why := p.guessTime()
	p.used = append(p.used, times...)
	bcp, ids := p.guessPlaces()
	if bcp >= 0 {
		add("bcp", bcp)
	}
	switch len(times) {
	case 0:
		columns = append(columns, "  time: \"\" # no column has times of a known layout; name it, and its time_layout")
	case 1:
		columns = append(columns, "  time: "+quoted(p.label(times[0])))
	default:
		columns = append(columns, fmt.Sprintf("  time: [%s, %s]", quoted(p.label(times[0])), quoted(p.label(times[1]))))
	}
	if layout != "" {
		after = append(after, fmt.Sprintf("time_layout: %q%s", layout, why))
	}
	if m, err := parseLayout(layout); (err == nil && !m.zoned) || layout == unknownLayout {
		after = append(after, "time_zone: place # these times have no zone: that of each place, or one such as Europe/Kyiv")
	}
	var readings []string
	figures := 0
	if queues := p.queues(); queues != nil {
		lines, waits := p.readings(queues)
		figures, readings = len(lines), lines
		unit := -1
		if waits != "" {
			unit = p.unitColumn(slices.Index(p.header, waits))
		}
		switch {
		case unit >= 0:
			after = append(after, p.waitUnits(unit))
			add("wait_unit", unit)
		case waits != "":
			after = append(after, "wait_unit: "+guessUnit(waits))
		}
	}
	for _, kind := range figureKinds {
		if readings != nil && (kind.key == "vehicles" || kind.key == "wait") {
			continue
		}
		at := p.named(kind.words, true)
		clocks := at < 0 && kind.key == "wait"
		if clocks {
			at = p.unused(func(i int) bool {
				lower := strings.ToLower(p.header[i])
				return slices.ContainsFunc(kind.words, func(w string) bool { return strings.Contains(lower, w) }) && p.share(i, looksLikeClock) >= 0.5
			})
		}
		iso := false
		if at < 0 && kind.key == "wait" {
			at = p.unused(func(i int) bool { return p.share(i, looksLikeISOLength) >= 0.5 })
			clocks, iso = false, at >= 0
		}
		if at >= 0 {
			add(kind.key, at)
			figures++
			switch {
			case iso:
				after = append(after, "wait_unit: 1m # it is required; these lengths have units of their own")
			case clocks:
				after = append(after, "wait_unit: "+clockUnit+" # or are these times of day?")
			case kind.unit == "":
			case kind.key == "wait" && p.unitColumn(at) >= 0:
				unit := p.unitColumn(at)
				after = append(after, p.waitUnits(unit))
				add("wait_unit", unit)
			case kind.unit == "rate_unit":
				after = append(after, `rate_unit: "" # 1h for vehicles per hour, 1m for vehicles per minute`)
			default:
				after = append(after, fmt.Sprintf("%s: %s", kind.unit, p.unitOf(at)))
			}
		}
	}
	for _, kind := range []struct {
		key   string
		words []string
	}{{"queue", queueWords}, {"direction", []string{"direction", "напрям", "richtung", "kierunek"}}, {"closed", closedWords}} {
		if at := p.named(kind.words, false); at >= 0 {
			add(kind.key, at)
		}
	}
	var states map[string][]string
	if figures > 0 {
		var at int
		if at, states = p.states(); at >= 0 {
			add("state", at)
		}
	}
	var events []string
	if figures == 0 {
		more, lines, eachHasTime := p.events(times, layout)
		columns, events = append(columns, more...), lines
		columns = slices.DeleteFunc(columns, func(line string) bool {
			return eachHasTime && strings.HasPrefix(line, "  time: ") || events != nil && strings.HasPrefix(line, "  closed: ")
		})
		for i, line := range columns {
			if at, isQueue := strings.CutPrefix(line, "  queue: "); isQueue && events != nil {
				columns[i] = "  lane: " + at
			}
		}
	}
	hasVehicles := readings != nil || events != nil || slices.ContainsFunc(columns, func(line string) bool { return strings.HasPrefix(line, "  vehicles: ") })
	switch {
	case figures == 0 && events == nil:
		columns = append(columns, "  vehicles: \"\" # no column is named as a number of vehicles or a wait"+p.figures())
	case !hasVehicles && p.figures() != "":
		columns = append(columns, "  # vehicles: no column is named as their number"+p.figures())
	}
	after = append(after, p.guessNumbers(states)...)
	p.line("columns:\n%s", strings.Join(columns, "\n"))
	for _, line := range events {
		p.line("%s", line)
	}
	if events != nil && !slices.ContainsFunc(columns, func(line string) bool { return strings.HasPrefix(line, "  direction: ") }) {
		p.line("direction: \"\" # no column looks like one: inbound or outbound if all go one way, or name it in columns")
	}
	if readings != nil {
		p.line("readings: # each column below is read as a queue; delete the lines of columns that are not\n%s", strings.Join(readings, "\n"))
	}
	for _, l := range after {
		p.line("%s", l)
	}
	switch {
	case bcp < 0:
		p.line("bcp: \"\" # no column looks like a place; the id of the one place of this file, or name it in columns")
	case len(ids) > 0:
		p.line("bcps:")
		for _, l := range ids {
			p.line("  %s", l)
		}
	}
	var unused []string
	for i := range p.header {
		if !slices.Contains(p.used, i) {
			unused = append(unused, p.label(i))
		}
	}
	if len(unused) > 0 {
		p.line("# not used: %s", strings.Join(unused, ", "))
	}
}

// Words of headers, in the languages of borders that publish such files. They are compared in lower case.
var (
	placeWords  = []string{"crossing_id", "checkpoint_id", "crossing", "checkpoint", "place", "bcp", "post", "port_name", "port", "пункт", "перехід", "пост", "przejście", "przejscie"}
	closedWords = []string{"closed", "closure", "paused", "закрит"}
	queueWords  = []string{"lane_type", "lane", "vehicle_class", "class", "category", "vehicle_type", "queue_name", "смуга", "клас", "категор", "rodzaj"}
	figureKinds = []struct {
		key, unit string
		words     []string
	}{
		{"lanes_open", "", []string{"lanes_open", "open_lanes", "lanesopen", "lanes open"}},
		{"service_rate", "rate_unit", []string{"service_rate", "service rate", "servicerate"}},
		{"vehicles", "", []string{"trucks", "vehicles", "in_queue", "queue_length", "count", "lorries", "ciężar", "грузов", "вантаж", "черга", "авто", "pojazd"}},
		{"wait", "wait_unit", []string{"wait", "delay", "очікуванн", "ожидани", "czas oczekiwania", "чекањ", "čekanj", "așteptare", "aşteptare", "bekleme", "várakoz", "wartezeit", "attente", "espera", "αναμον"}},
		{"age", "age_unit", []string{"age_sec", "age_min", "reading_age"}},
	}
)

// unknownWords are what spreadsheets and programs write where they have no figure.
var unknownWords = []string{"-", "–", "—", "?", "na", "n/a", "nan", "nil", "null", "none", "unknown", "н/д", "немає даних", "нет данных", "b/d", "brak"}

// named finds the first unused column whose name has one of the words, the earlier word before the later; with numbers, one
// whose values are numbers.
func (p *proposal) named(words []string, numbers bool) int {
	for _, word := range words {
		for i, name := range p.header {
			if !slices.Contains(p.used, i) && strings.Contains(strings.ToLower(name), word) && (!numbers || p.share(i, looksNumeric) >= 0.5) {
				return i
			}
		}
	}
	return -1
}

// share is the part of the values of a column, empty ones left out, for which is holds.
func (p *proposal) share(at int, is func(string) bool) float64 {
	n, all := 0, 0
	for _, row := range p.rows {
		s := strings.TrimSpace(row[at])
		if s == "" {
			continue
		}
		all++
		if is(s) {
			n++
		}
	}
	if all == 0 {
		return 0
	}
	return float64(n) / float64(all)
}

func looksNumeric(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) && !strings.ContainsFunc(s, func(c rune) bool {
		return !unicode.IsDigit(c) && !unicode.IsSpace(c) && !strings.ContainsRune(".,-+", c)
	})
}

// guessPlaces finds the column of places, and the lines of bcps where its values are not ids.
func (p *proposal) guessPlaces() (at int, ids []string) {
	at = -1
	for i := range p.header {
		if !slices.Contains(p.used, i) && p.share(i, func(s string) bool { _, ok := p.idOf(s); return ok }) > 0.5 {
			at = i
			break
		}
	}
	if at < 0 {
		at = p.named(placeWords, false)
	}
	if at < 0 {
		return at, nil
	}
	var names []string
	own := false
	for _, row := range p.rows {
		name := strings.TrimSpace(row[at])
		if name == "" || slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
		if id, _ := p.idOf(name); id != name {
			own = true
		}
	}
	if !own {
		return at, nil
	}
	for _, name := range names {
		id, ok := p.idOf(name)
		line := fmt.Sprintf("%s: %s", quoted(name), quoted(id))
		if !ok {
			line = fmt.Sprintf("%s: \"\" # the id of a configured place", quoted(name))
		}
		ids = append(ids, line)
	}
	return at, ids
}

// guessNumbers proposes signs of numbers and words of unknown figures and of states, where the used columns have them.
func (p *proposal) guessNumbers(states map[string][]string) (out []string) {
	signs := signsOf{}
	var words []string
	for _, i := range p.used {
		if p.share(i, looksNumeric) < 0.5 || p.share(i, looksLikeDate) > 0.5 || p.share(i, looksLikeClock) > 0.5 {
			continue
		}
		for _, row := range p.rows {
			s := strings.TrimSpace(row[i])
			switch {
			case s == "":
			case isOf(unknownWords, s):
				words = append(words, quoted(s))
			case strings.ContainsFunc(s, unicode.IsDigit): // others will be refused, and be seen
				signs.add(s)
			}
		}
	}
	out = signs.lines(p.plain)
	slices.Sort(words)
	var of []string
	for _, kind := range []struct {
		key   string
		words []string
	}{{"unknown", slices.Compact(words)}, {"open", states["open"]}, {"paused", states["paused"]}, {"closed", states["closed"]}} {
		if len(kind.words) > 0 {
			of = append(of, kind.key+": ["+strings.Join(kind.words, ", ")+"]")
		}
	}
	if len(of) > 0 {
		out = append(out, "words: {"+strings.Join(of, ", ")+"}")
	}
	return out
}

// quoted is a text as a string of YAML.
func quoted(s string) string { return fmt.Sprintf("%q", s) }
