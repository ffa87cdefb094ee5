package source

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"dwell/ingest/event"
)

// tree is a value of JSON or an element of XML.
type tree struct {
	name   string
	text   string // of a value that has no kids
	list   bool   // JSON: its kids are the elements of a list
	object bool   // JSON: its kids are members
	kids   []tree
}

// isValue reports whether a text, perhaps an empty one, is there.
func (t *tree) isValue() bool { return !t.list && !t.object && (t.text != "" || len(t.kids) == 0) }

// instead says what is there instead of a value; empty if it is one, or an element of XML that is empty but for attributes, which is unknown.
func (t *tree) instead() string {
	switch {
	case t.list:
		return "a list"
	case t.object:
		return "an object"
	case t.text == "" && slices.ContainsFunc(t.kids, func(kid tree) bool { return !strings.HasPrefix(kid.name, "@") }):
		return "an element with others"
	}
	return ""
}

// maxDepth is how deep values may lie below a record.
const maxDepth = 32

// branch is a part of the paths that a mapping names: the values of its kids, and of the elements if it is a list.
type branch struct {
	at   int                // in the values of a record; -1 if the branch is no value
	kids map[string]*branch // by their names as the mapping writes them, and folded
	list *branch
	// expects says that a list lies below, outside of which there is no reading.
	expects bool
}

func newBranch() *branch { return &branch{at: -1, kids: map[string]*branch{}} }

// maxDots bounds the ways to take a path apart: a.b is the value b of a, or one whose name has a dot.
const maxDots = 10

// add adds a path such as lanes[].standard.delay.
func (b *branch) add(path string, at int) {
	b.expects = b.expects || strings.Contains(path, "[]")
	for end := 0; end <= len(path); end++ {
		if end < len(path) && path[end] != '.' {
			continue
		}
		name, isList := strings.CutSuffix(strings.TrimSpace(path[:end]), "[]")
		c := b
		if name != "" {
			if c = b.kid(name); c == nil {
				c = newBranch()
				b.kids[name], b.kids[folded(name)] = c, c
			}
		}
		if isList {
			if c.list == nil {
				c.list = newBranch()
			}
			c = c.list
		}
		if end == len(path) {
			c.at = at
			return
		}
		if c != b {
			c.add(path[end+1:], at)
		}
	}
}

// kid is the one of this name, nil if the mapping names none.
func (b *branch) kid(name string) *branch {
	if c := b.kids[name]; c != nil || len(b.kids) == 0 {
		return c
	}
	return b.kids[folded(name)]
}

// errNoValue is the error of a list or an object where the mapping names a value, which would read as unknown.
var errNoValue = errors.New(" and not a value; name the path of what is in it")

// picked are the values of a record that a mapping names, and the list that gives it several readings.
type picked struct {
	values []string
	set    []bool
	names  []string
	list   []*tree
	of     *branch
	found  bool   // a list, perhaps an empty one
	had    []bool // by this record or an earlier one
	depth  int    // of lists
}

// pick takes the values of a tree.
func (p *picked) pick(t *tree, b *branch) error {
	if b.at >= 0 && t.isValue() {
		if p.set[b.at] {
			return fmt.Errorf("%s is there twice", p.names[b.at])
		}
		p.values[b.at], p.set[b.at], p.had[b.at] = t.text, true, true
	}
	if what := t.instead(); b.at >= 0 && what != "" && b.list == nil && len(b.kids) == 0 {
		return fmt.Errorf("%s: is %s%w", p.names[b.at], what, errNoValue)
	}
	if t.list && b.list != nil {
		p.found = true
		for i := range t.kids {
			p.add(&t.kids[i], b.list)
		}
		return nil
	}
	for i := range t.kids {
		kid := &t.kids[i]
		c := b.kid(kid.name)
		if c == nil {
			continue
		}
		if c.list != nil && !kid.list { // an element of XML that repeats, or the only one
			p.found = true
			if len(kid.kids) > 0 || kid.text != "" {
				p.add(kid, c.list)
			}
		}
		if err := p.pick(kid, c); err != nil {
			return err
		}
	}
	return nil
}

func (p *picked) add(t *tree, of *branch) { p.list, p.of = append(p.list, t), of }

// rows takes the values of a record: a row of them for each element of the lists that the mapping names.
func (p *picked) rows(t *tree, b *branch, rows [][]string) ([][]string, error) {
	p.list, p.of, p.found = nil, nil, false
	if err := p.pick(t, b); err != nil {
		return nil, err
	}
	if !p.found && !b.expects {
		return append(rows, slices.Clone(p.values)), nil
	}
	if len(p.list) == 0 {
		return nil, fmt.Errorf("the list %s has no element", p.listName())
	}
	p.depth++
	defer func() { p.depth-- }()
	list, of, values, set := p.list, p.of, slices.Clone(p.values), slices.Clone(p.set)
	for _, t := range list {
		copy(p.values, values)
		copy(p.set, set)
		var err error
		if rows, err = p.rows(t, of, rows); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// listName is the path of the list whose elements are looked for.
func (p *picked) listName() string {
	for _, name := range p.names {
		parts := strings.SplitAfter(name, "[]")
		if len(parts) > p.depth+1 && !strings.HasPrefix(name, "/") {
			return strings.Join(parts[:p.depth+1], "")
		}
	}
	return ""
}

// trees are the records of JSON or XML.
type trees interface {
	// next returns a record and its number. The error is a *LineError, io.EOF, or that of the file.
	next() (number int, t *tree, err error)
	// outside has the values that were read before the last record, outside of the records, by their paths. The edition is another one
	// whenever they are.
	outside() (values map[string]string, edition int)
	raw() []byte
	passed() int64
}

// treeRecords are the values of trees by their paths. A path that begins with a slash is one from the root of the document.
type treeRecords struct {
	trees
	want   *branch
	names  []string
	rows   [][]string
	number int
	known  int      // edition of the values outside of the records that were looked at
	paths  []string // of those that the mapping names, as they are written
	had    []bool   // the names of which there was a value
}

func newTreeRecords(t trees, names []string) (*treeRecords, error) {
	r := &treeRecords{trees: t, want: newBranch(), names: names, had: make([]bool, len(names))}
	prefix := ""
	for i, name := range names {
		if strings.Count(name, ".") > maxDots {
			return nil, fmt.Errorf("the path %q has more than %d dots", short(name), maxDots)
		}
		at := strings.LastIndex(name, "[]") + 1
		switch list := folded(name[:at]); {
		case strings.HasPrefix(name, "/"):
			continue
		case strings.HasPrefix(list, prefix):
			prefix = list
		case !strings.HasPrefix(prefix, list):
			return nil, fmt.Errorf("%q and %q are elements of two lists, which do not belong together; use two mappings", prefix+"]", name)
		}
		r.want.add(name, i)
	}
	return r, nil
}

func (r *treeRecords) next() (int, []string, error) {
	for len(r.rows) == 0 {
		number, t, err := r.trees.next()
		if err != nil {
			return number, nil, err
		}
		r.number = number
		outside, err := r.outsideValues()
		if err != nil {
			return number, nil, &LineError{Line: number, Reason: UnreadableLine, Text: err.Error()}
		}
		p := picked{values: outside, set: make([]bool, len(r.names)), names: r.names, had: r.had}
		if r.rows, err = p.rows(t, r.want, nil); err != nil {
			reason := UnreadableLine
			if errors.Is(err, errNoValue) {
				reason = event.InvalidField
			}
			return number, nil, &LineError{Line: number, Reason: reason, Text: err.Error()}
		}
	}
	row := r.rows[0]
	r.rows = r.rows[1:]
	return r.number, row, nil
}

// outsideValues has the values outside of the records, at their places among those of a record.
func (r *treeRecords) outsideValues() ([]string, error) {
	all, edition := r.outside()
	if edition != r.known {
		r.known, r.paths = edition, make([]string, len(r.names))
		for i, name := range r.names {
			path, isOutside := strings.CutPrefix(name, "/")
			for other := range all {
				switch {
				case !isOutside || !sameName(other, path):
				case r.paths[i] != "":
					return nil, fmt.Errorf("%s is there twice", name)
				default:
					r.paths[i] = other
				}
			}
		}
	}
	values := make([]string, len(r.names))
	for i, path := range r.paths {
		if path != "" {
			values[i], r.had[i] = all[path], true
		}
	}
	return values, nil
}

// Bounds of what the beginning of a file is asked for.
const (
	maxHeadRecords = 200
	maxPaths       = 1000
)

// paths are those of all values of the first records, as far as they can be read, and of the values outside of these.
func paths(t trees) (found []string, err error) {
	known, outside := map[string]bool{}, map[string]bool{}
	add := func(path, _ string) {
		if !known[path] && len(found) < maxPaths {
			known[path] = true
			found = append(found, path)
		}
	}
	var first *LineError
	for range maxHeadRecords {
		var r *tree
		_, r, err = t.next()
		var bad *LineError
		if errors.As(err, &bad) {
			first = cmp.Or(first, bad)
			continue
		}
		if err != nil {
			break
		}
		r.paths("", add)
		values, _ := t.outside()
		for path := range values {
			outside["/"+path] = true
		}
	}
	if len(found) == 0 && first != nil {
		return nil, errors.New(first.Text)
	}
	if len(found) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return append(found, slices.Sorted(maps.Keys(outside))...), nil
}

func (t *tree) paths(path string, add func(path, text string)) {
	if t.list {
		path += "[]"
	}
	if t.isValue() && path != "" {
		add(path, t.text)
	}
	for i := range t.kids {
		kid := &t.kids[i]
		switch {
		case t.list:
			kid.paths(path, add)
		case path == "":
			kid.paths(kid.name, add)
		case strings.HasSuffix(path, "[]") && kid.name == "":
			kid.paths(path, add)
		default:
			kid.paths(path+"."+kid.name, add)
		}
	}
}
