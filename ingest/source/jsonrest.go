package source

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// What lies around the records of a document is read to its end, so that no record behind them is lost in silence.

// forward goes to the next record. It is io.EOF at the end of the last document.
func (j *jsonObjects) forward() error {
	for {
		if j.ended {
			if err := j.rest(); err != nil {
				return err
			}
		}
		if j.ended || j.started == 0 {
			if err := j.begin(); err != nil {
				return j.behind(err)
			}
		}
		c, err := j.peek()
		if errors.Is(err, io.EOF) && j.bare {
			return io.EOF
		}
		if err == nil && j.inside && !j.first && c != ']' {
			if c != ',' {
				return fmt.Errorf("JSON: behind object %d is %q instead of a comma or the end of the list; the rest is not read", j.number, c)
			}
			_, _ = j.in.Discard(1)
			c, err = j.peek()
		}
		if err != nil {
			return j.fault(err)
		}
		j.first = false
		if !j.inside || c != ']' {
			return nil
		}
		_, _ = j.in.Discard(1)
		j.inside, j.ended = false, true
	}
}

// begin goes to the first record of a document. On the way it keeps the values outside of the list.
func (j *jsonObjects) begin() error {
	j.started++
	j.values = map[string]string{}
	rest := j.path
	prefix := ""
	for {
		c, err := j.peek()
		if err != nil {
			return j.fault(err)
		}
		switch {
		case len(rest) == 0 && c == '[':
			_, _ = j.in.Discard(1)
			j.inside, j.ended, j.first = true, false, true
			return nil
		case len(rest) == 0 && c == '{':
			j.bare, j.ended = len(j.path) == 0, false
			return nil
		case len(rest) == 0 || c != '{':
			return fmt.Errorf("JSON: path %q leads to %q and not to a list or an object", strings.Join(j.path, "."), c)
		}
		_, _ = j.in.Discard(1)
		key, err := j.find(prefix, rest[0])
		if err != nil {
			return err
		}
		prefix, rest = prefix+key+".", rest[1:]
	}
}

// find goes to the value of the member with this name, in any case.
func (j *jsonObjects) find(prefix, name string) (string, error) {
	var members []string
	for {
		key, err := j.member()
		if errors.Is(err, errNoMember) {
			return "", fmt.Errorf("JSON: path: %q is missing%s", prefix+name, nearest(members, name))
		}
		if err != nil {
			return "", err
		}
		if sameName(key, name) {
			return key, nil
		}
		if len(members) < maxPaths {
			members = append(members, key)
		}
		c, err := j.peek()
		if err != nil {
			return "", j.fault(err)
		}
		raw, long, err := j.value(maxRecord)
		if err != nil {
			return "", j.fault(err)
		}
		if t, err := parseJSON(raw); err == nil && !long && c != '[' {
			t.name = key
			t.keep(prefix, j.values)
		}
	}
}

var errNoMember = errors.New("the object has no other member")

// member goes to the value of the next member of an object, and returns its name. It is errNoMember behind the end of the object.
func (j *jsonObjects) member() (name string, err error) {
	c, err := j.peek()
	if err == nil && c == ',' {
		_, _ = j.in.Discard(1)
		c, err = j.peek()
	}
	if err != nil {
		return "", j.fault(err)
	}
	if c == '}' {
		_, _ = j.in.Discard(1)
		return "", errNoMember
	}
	raw, _, err := j.value(maxName)
	if err != nil {
		return "", j.fault(err)
	}
	key, err := parseJSON(raw)
	if err != nil || c != '"' {
		return "", fmt.Errorf("JSON: %q is no name of a member", short(string(raw)))
	}
	if c, err := j.peek(); err != nil || c != ':' {
		return "", fmt.Errorf("JSON: no colon follows the name %q", short(key.text))
	}
	_, _ = j.in.Discard(1)
	return key.text, nil
}

// rest goes from the end of the records to the next document. It is io.EOF at the end of the file, and an error where other records may
// follow that the path does not tell apart.
func (j *jsonObjects) rest() error {
	for level := len(j.path) - 1; level >= 0; level-- {
		if err := j.close(level); err != nil {
			return j.behind(err)
		}
	}
	c, err := j.peek()
	switch {
	case err != nil:
		return err
	case len(j.path) == 0:
		return fmt.Errorf("JSON: %q follows the end of the list; the rest is not read", c)
	case c != '{':
		return j.behind(fmt.Errorf("JSON: %q follows the end of the document; the rest is not read", c))
	}
	return nil
}

// close goes behind the object in which the path has the name of this level.
func (j *jsonObjects) close(level int) error {
	for {
		key, err := j.member()
		if errors.Is(err, errNoMember) {
			return nil
		}
		if err != nil {
			return err
		}
		c, err := j.peek()
		if err != nil {
			return j.fault(err)
		}
		if sameName(key, j.path[level]) && (c == '[' || c == '{') {
			return fmt.Errorf("JSON: path: %q is there twice; the rest is not read", strings.Join(append(j.path[:level:level], key), "."))
		}
		if _, _, err := j.value(1); err != nil {
			return j.fault(err)
		}
	}
}

// behind names the place of an error that is not in the first records.
func (j *jsonObjects) behind(err error) error {
	if j.number == 0 {
		return err
	}
	return fmt.Errorf("behind object %d: %w", j.number, err)
}

// fault is the error of a file that ends too early.
func (j *jsonObjects) fault(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case j.ended:
		return errors.New("JSON: the file ends within the document; it was cut off")
	}
	return fmt.Errorf("JSON: the file ends in object %d; it was cut off", j.number)
}
