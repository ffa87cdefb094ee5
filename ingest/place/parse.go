package place

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"dwell/ingest/event"
	"dwell/ingest/strictyaml"
)

type rawBook struct {
	Agencies   []rawAgency `yaml:"agencies"`
	Places     []rawPlace  `yaml:"places"`
	Corridors  []Corridor  `yaml:"corridors"`
	WeekBegins string      `yaml:"week_begins"`
}

// Parse reads a places file. Errors show the name, and all faults of places and agencies are reported at once.
func Parse(name string, data []byte) (*Book, error) {
	var raw rawBook
	if err := strictyaml.Unmarshal(data, &raw); err != nil {
		return nil, syntaxError(name, data, err)
	}
	b := &Book{Name: name, Corridors: raw.Corridors, WeekBegins: time.Monday}
	if raw.Agencies == nil { // as where queues are read, and nothing is known of what agencies do
		b.Agencies = []Agency{{Code: event.CustomsName, Names: Names{"en": "Customs"}}}
	}
	var faults []error
	if err := weekday("week_begins", raw.WeekBegins, &b.WeekBegins); err != nil {
		faults = append(faults, fmt.Errorf("%s: %w", name, err))
	}
	for i, a := range raw.Agencies {
		agency, errs := a.agency()
		for _, err := range errs {
			faults = append(faults, fmt.Errorf("%s: agency %s: %w", name, label(a.Code, i), err))
		}
		b.Agencies = append(b.Agencies, agency)
	}
	if len(raw.Places) == 0 {
		faults = append(faults, fmt.Errorf("%s: places: the list is empty", name))
	}
	for i, r := range raw.Places {
		p, errs := r.place(b.WeekBegins)
		for _, err := range errs {
			faults = append(faults, fmt.Errorf("%s: place %s: %w", name, label(r.ID, i), err))
		}
		b.Places = append(b.Places, p)
	}
	for i := range b.Corridors {
		for _, err := range b.Corridors[i].check(b) {
			faults = append(faults, fmt.Errorf("%s: corridor %s: %w", name, label(b.Corridors[i].ID, i), err))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if _, err := b.Vocabulary(); err != nil { // ids and codes listed twice, reserved ones, customs missing
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// label names an entry of a list, by its number if it has no id.
func label(id string, i int) string { return fmt.Sprintf("%q", cmp.Or(id, fmt.Sprintf("#%d", i+1))) }

// syntaxError adds to an error of the YAML reader where it is: file, line, and the place on that line.
func syntaxError(name string, data []byte, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	tk := at.GetToken()
	line := tk.Position.Line
	where := fmt.Sprintf("%s:%d", name, line)
	if id := placeAt(data, line); id != "" {
		where += fmt.Sprintf(": place %q", id)
	}
	return fmt.Errorf("%s: %s (at %q)", where, at.GetMessage(), tk.Value)
}

// placeAt returns the id of the place whose entry has this line, empty if there is none.
func placeAt(data []byte, line int) (id string) {
	defer func() {
		if recover() != nil { // the parser panics on some texts, see strictyaml; the error still has the line
			id = ""
		}
	}()
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil || len(file.Docs) == 0 {
		return ""
	}
	body, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return ""
	}
	for _, top := range body.Values {
		list, ok := top.Value.(*ast.SequenceNode)
		if !ok || top.Key.String() != "places" {
			continue
		}
		for _, entry := range list.Values {
			place, ok := entry.(*ast.MappingNode)
			if !ok || len(place.Values) == 0 || place.Values[0].Key.GetToken().Position.Line > line {
				continue
			}
			id = ""
			for _, field := range place.Values {
				if field.Key.String() == "id" {
					id = field.Value.GetToken().Value
				}
			}
		}
	}
	return id
}
