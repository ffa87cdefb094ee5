package visit

import "time"

// Month is a calendar month in UTC, the year times a hundred and the number of the month: 202601.
type Month int32

// MonthOf is the month of an instant.
func MonthOf(at Time) Month {
	y, m, _ := time.UnixMilli(at).UTC().Date()
	return Month(y*100 + int(m))
}
