package place

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// DefaultSilentAfter and DefaultLapseAfter apply to a place without these keys.
const (
	DefaultSilentAfter = 2 * time.Hour
	DefaultLapseAfter  = 14 * 24 * time.Hour
)

// Place is one BCP. An attribute with a yaml key is read from the file unchanged; the others come from the keys of rawPlace.
//
// An attribute that decides what a number is has a rule tag with its key: dwell does not add to tables that were counted with
// another value. The others are marked rule:"-".
type Place struct {
	ID    string `yaml:"id" rule:"-"`
	Names Names  `yaml:"names" rule:"-"`
	// Zone is the time zone of its hours and days.
	Zone *time.Location `yaml:"-" rule:"time_zone"`
	// Calendar is when it is open; nil means always.
	Calendar *Calendar `yaml:"-" rule:"calendar"`
	// Neighbour is the BCP on the far side; nil where the file does not name it, as Position where it is not known.
	Neighbour *Neighbour `yaml:"neighbour" rule:"-"`
	Position  *Position  `yaml:"position" rule:"-"`
	// UNLocode is empty if the BCP has none, or if it is not known.
	UNLocode string `yaml:"un_locode" rule:"-"`
	// Targets are in the order of the days from which on they hold.
	Targets []Target `yaml:"-" rule:"-"`
	// Capacity is how many trucks it has room for; 0 where the file does not say.
	Capacity int `yaml:"capacity" rule:"-"`
	// WeekBegins is the first day of its week.
	WeekBegins time.Weekday `yaml:"-" rule:"-"`
	// SilentAfter is the time without an event after which the BCP is unknown, until its baseline is learned.
	SilentAfter time.Duration `yaml:"-" rule:"-"`
	// SilentAfterIsMax is true if the file gives SilentAfter and does not list it as assumed. A baseline may then only shorten
	// it.
	SilentAfterIsMax bool `yaml:"-" rule:"-"`
	// LapseAfter is the time after its last fact at which a visit that has not departed lapses.
	LapseAfter time.Duration `yaml:"-" rule:"lapse_after"`
	// Assumed lists the keys of this place for which there is no published figure, such as "calendar".
	Assumed []string `yaml:"assumed" rule:"-"`
}

// Neighbour is the BCP on the far side of the border.
type Neighbour struct {
	ID    string `yaml:"id"`
	Names Names  `yaml:"names"`
	// Country is where it is (ISO 3166-1 alpha-2). Where the file does not say, it is what the id begins with, as in
	// "PK-BA-CHAMAN", and empty if that is no country's form.
	Country string `yaml:"country"`
}

// Position is in degrees north and east (WGS 84).
type Position struct {
	Latitude  float64 `yaml:"latitude"`
	Longitude float64 `yaml:"longitude"`
}

// OpenAt reports whether the calendar says that the BCP is open at t.
func (p *Place) OpenAt(t time.Time) bool {
	return p.Calendar == nil || p.Calendar.openAt(t.In(p.Zone))
}

// rawPlace is a place as it is in the file.
type rawPlace struct {
	Place       `yaml:",inline"`
	TimeZone    string     `yaml:"time_zone"`
	Calendar    []rawHours `yaml:"calendar"`
	Targets     rawTargets `yaml:"targets"`
	SilentAfter string     `yaml:"silent_after"`
	LapseAfter  string     `yaml:"lapse_after"`
	WeekBegins  string     `yaml:"week_begins"`
}

// assumable are the keys that may be listed as assumed.
var assumable = []string{"calendar", "lapse_after", "neighbour", "position", "silent_after", "targets.crossing_time", "targets.release_time"}

var (
	idForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	locodeForm   = regexp.MustCompile(`^[A-Z]{2}[A-Z2-9]{3}$`)
	countryForm  = regexp.MustCompile(`^[A-Z]{2}$`)
)

// place reads the place of a file whose weeks begin on a day, and lists what is wrong with it.
func (r rawPlace) place(weekBegins time.Weekday) (Place, []error) {
	p := r.Place
	p.WeekBegins = weekBegins
	p.SilentAfter, p.LapseAfter = DefaultSilentAfter, DefaultLapseAfter
	p.SilentAfterIsMax = r.SilentAfter != "" && !slices.Contains(r.Assumed, "silent_after")
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
	if p.Zone, err = ParseZone(r.TimeZone); err != nil {
		fault(fmt.Errorf("time_zone: %q %w", r.TimeZone, err))
	}
	if len(r.Calendar) > 0 {
		p.Calendar, err = newCalendar(r.Calendar)
		fault(err)
	}
	if n := r.Neighbour; n != nil {
		if !idForm.MatchString(n.ID) {
			fault(fmt.Errorf("neighbour.id: %q must consist of letters, digits, \".\", \"_\" and \"-\"", n.ID))
		}
		fault(checkNames("neighbour.names", n.Names))
		fault(n.setCountry())
	}
	switch q := r.Position; {
	case q == nil:
	case !(-90 <= q.Latitude && q.Latitude <= 90):
		fault(fmt.Errorf("position.latitude: %v is not between -90 and 90", q.Latitude))
	case !(-180 <= q.Longitude && q.Longitude <= 180):
		fault(fmt.Errorf("position.longitude: %v is not between -180 and 180", q.Longitude))
	}
	if r.UNLocode != "" && !locodeForm.MatchString(r.UNLocode) {
		fault(fmt.Errorf("un_locode: %q is not a UN/LOCODE such as \"DEHAM\"", r.UNLocode))
	}
	if r.Capacity < 0 {
		fault(fmt.Errorf("capacity: %d is not a number of trucks", r.Capacity))
	}
	p.Targets = r.Targets.targets(p.Zone, fault)
	fault(duration("silent_after", r.SilentAfter, &p.SilentAfter))
	fault(duration("lapse_after", r.LapseAfter, &p.LapseAfter))
	fault(weekday("week_begins", r.WeekBegins, &p.WeekBegins))
	for _, key := range r.Assumed {
		if !slices.Contains(assumable, key) {
			fault(fmt.Errorf("assumed: %q cannot be listed; use %s", key, strings.Join(assumable, ", ")))
		}
	}
	return p, faults
}

func (n *Neighbour) setCountry() error {
	if before, _, found := strings.Cut(n.ID, "-"); n.Country == "" && found && countryForm.MatchString(before) {
		n.Country = before
	}
	if n.Country != "" && !countryForm.MatchString(n.Country) {
		return fmt.Errorf("neighbour.country: %q is not a country such as \"PK\" (ISO 3166-1 alpha-2)", n.Country)
	}
	return nil
}

// weekday reads the name of a day into d, and leaves d unchanged if the key is missing.
func weekday(key, name string, d *time.Weekday) error {
	day := slices.Index(weekdays[:], name)
	switch {
	case day >= 0:
		*d = time.Weekday(day)
	case name != "":
		return fmt.Errorf("%s: %q is not a day; use %s", key, name, strings.Join(weekdays[:], ", "))
	}
	return nil
}

// duration reads a positive Go duration into d, and leaves d unchanged if the key is missing.
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
