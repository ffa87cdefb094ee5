package place

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"dwell/ingest/strictyaml"
)

// DefaultSilentAfter and DefaultLapseAfter hold for a place without these keys.
const (
	DefaultSilentAfter = 2 * time.Hour
	DefaultLapseAfter  = 14 * 24 * time.Hour
)

type rawBook struct {
	Agencies []rawAgency `yaml:"agencies"`
	Places   []rawPlace  `yaml:"places"`
}

type rawPlace struct {
	ID        string     `yaml:"id"`
	Names     Names      `yaml:"names"`
	TimeZone  string     `yaml:"time_zone"`
	Calendar  []rawHours `yaml:"calendar"`
	Neighbour struct {
		ID    string `yaml:"id"`
		Names Names  `yaml:"names"`
	} `yaml:"neighbour"`
	Position *struct {
		Latitude  float64 `yaml:"latitude"`
		Longitude float64 `yaml:"longitude"`
	} `yaml:"position"`
	UNLocode string `yaml:"un_locode"`
	Targets  struct {
		ReleaseTime string `yaml:"release_time"`
	} `yaml:"targets"`
	SilentAfter string   `yaml:"silent_after"`
	LapseAfter  string   `yaml:"lapse_after"`
	Assumed     []string `yaml:"assumed"`
}

// assumable are the keys that may be listed as assumed.
var assumable = []string{"calendar", "lapse_after", "neighbour", "position", "silent_after", "targets.release_time"}

var (
	idForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	locodeForm   = regexp.MustCompile(`^[A-Z]{2}[A-Z2-9]{3}$`)
)

// Parse reads a places file. Errors show the name, and all faults of places and agencies are reported at once.
func Parse(name string, data []byte) (*Book, error) {
	var raw rawBook
	if err := strictyaml.Unmarshal(data, &raw); err != nil {
		return nil, syntaxError(name, data, err)
	}
	b := &Book{Name: name}
	var faults []error
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
		p, errs := r.place()
		for _, err := range errs {
			faults = append(faults, fmt.Errorf("%s: place %s: %w", name, label(r.ID, i), err))
		}
		b.Places = append(b.Places, p)
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

func (r rawPlace) place() (Place, []error) {
	p := Place{
		ID: r.ID, Names: r.Names, Neighbour: Neighbour(r.Neighbour), UNLocode: r.UNLocode,
		SilentAfter: DefaultSilentAfter, LapseAfter: DefaultLapseAfter, Assumed: r.Assumed,
		SilentBound: r.SilentAfter != "" && !slices.Contains(r.Assumed, "silent_after"),
	}
	var faults []error
	fault := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	if !idForm.MatchString(r.ID) {
		fault(fmt.Errorf("id: %q must consist of letters, digits, \".\", \"_\" and \"-\"", r.ID))
	}
	fault(checkNames("names", r.Names))
	var err error
	if p.Zone, err = time.LoadLocation(r.TimeZone); err != nil || r.TimeZone == "" || r.TimeZone == "Local" {
		fault(fmt.Errorf("time_zone: %q is not a time zone such as \"Asia/Kabul\"", r.TimeZone))
	}
	if len(r.Calendar) > 0 {
		p.Calendar, err = newCalendar(r.Calendar)
		fault(err)
	}
	if !idForm.MatchString(r.Neighbour.ID) {
		fault(fmt.Errorf("neighbour.id: %q must consist of letters, digits, \".\", \"_\" and \"-\"", r.Neighbour.ID))
	}
	fault(checkNames("neighbour.names", r.Neighbour.Names))
	switch q := r.Position; {
	case q == nil:
		fault(errors.New("position: missing"))
	case !(-90 <= q.Latitude && q.Latitude <= 90):
		fault(fmt.Errorf("position.latitude: %v is not between -90 and 90", q.Latitude))
	case !(-180 <= q.Longitude && q.Longitude <= 180):
		fault(fmt.Errorf("position.longitude: %v is not between -180 and 180", q.Longitude))
	default:
		p.Position = Position(*q)
	}
	if r.UNLocode != "" && !locodeForm.MatchString(r.UNLocode) {
		fault(fmt.Errorf("un_locode: %q is not a UN/LOCODE such as \"DEHAM\"", r.UNLocode))
	}
	fault(duration("targets.release_time", r.Targets.ReleaseTime, &p.Targets.ReleaseTime))
	fault(duration("silent_after", r.SilentAfter, &p.SilentAfter))
	fault(duration("lapse_after", r.LapseAfter, &p.LapseAfter))
	for _, key := range r.Assumed {
		if !slices.Contains(assumable, key) {
			fault(fmt.Errorf("assumed: %q cannot be assumed; use %s", key, strings.Join(assumable, ", ")))
		}
	}
	return p, faults
}

// duration reads a positive Go duration into d, and leaves d alone where the key is missing.
func duration(key, value string, d *time.Duration) error {
	if value == "" {
		return nil
	}
	v, err := time.ParseDuration(value)
	if err != nil || v <= 0 {
		return fmt.Errorf("%s: %q is not a positive duration such as \"24h\" or \"90m\"", key, value)
	}
	*d = v
	return nil
}

func checkNames(key string, names Names) error {
	if names["en"] == "" {
		return fmt.Errorf("%s.en: missing", key)
	}
	for language, name := range names {
		if !languageForm.MatchString(language) {
			return fmt.Errorf("%s: %q is not a language such as \"fa\"", key, language)
		}
		if strings.TrimSpace(name) == "" {
			return fmt.Errorf("%s.%s: %q is empty", key, language, name)
		}
	}
	return nil
}

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
