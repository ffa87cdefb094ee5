package place

import (
	"errors"
	"fmt"
	"regexp"
)

// Agency is an agency at the border. Events and tables have its code; its names and colour are for people.
type Agency struct {
	Code  string
	Names Names
	// Colour is where the page draws the agency: "#rrggbb", or empty for a colour of the page's own. Any colour will do:
	// the page writes on it in black or white, whichever contrasts more.
	Colour string
}

type rawAgency struct {
	Code  string `yaml:"code"`
	Names Names  `yaml:"names"`
	// Colour is nil where the key has no value, which is what YAML reads in an unquoted #1f5f8b: a comment.
	Colour *string `yaml:"colour"`
}

// UnmarshalYAML makes a missing colour an empty one, so that nil is left for the colour that was not quoted.
func (a *rawAgency) UnmarshalYAML(decode func(any) error) error {
	type plain rawAgency
	a.Colour = new(string)
	return decode((*plain)(a))
}

var (
	agencyForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	colourForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
)

// agency reads the agency, and lists what is wrong with it; each fault begins with the offending key.
func (a rawAgency) agency() (_ Agency, faults []error) {
	if !agencyForm.MatchString(a.Code) {
		faults = append(faults, fmt.Errorf("code: %q must consist of lower-case letters, digits and \"_\"", a.Code))
	}
	if err := checkNames("names", a.Names); err != nil {
		faults = append(faults, err)
	}
	out := Agency{Code: a.Code, Names: a.Names}
	switch {
	case a.Colour == nil:
		faults = append(faults, errors.New("colour: empty; give it in quotes, as in \"#1f5f8b\", since # begins a comment"))
	case *a.Colour != "" && !colourForm.MatchString(*a.Colour):
		faults = append(faults, fmt.Errorf("colour: %q is not a colour such as \"#1f5f8b\"", *a.Colour))
	default:
		out.Colour = *a.Colour
	}
	return out, faults
}
