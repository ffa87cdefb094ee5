package place

import (
	"errors"
	"strings"
	"time"
)

// ParseZone takes the name of a time zone, such as "Asia/Kabul". It refuses what another machine may read otherwise: Local and the
// files beside the zones that a system makes of its own setting, which are other zones elsewhere, and the tables of right and posix.
// The times of right count leap seconds, so that it is half a minute from the clock that everybody else has.
func ParseZone(name string) (*time.Location, error) {
	table, _, _ := strings.Cut(name, "/")
	switch table {
	case "", "Local", "localtime", "posixrules", "right", "posix":
		return nil, errors.New(zoneForm)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, errors.New(zoneForm)
	}
	return zone, nil
}

const zoneForm = `is not a time zone such as "Asia/Kabul"`
