package visit

import "time"

// Month is a calendar month in UTC, the year times a hundred and the number of the month: 202601.
type Month int32

// MonthOf is the month of an instant.
func MonthOf(at Time) Month {
	y, m, _ := time.UnixMilli(at).UTC().Date()
	return Month(y*100 + int(m))
}

// End is the first instant after the month.
func (m Month) End() Time {
	return time.Date(int(m/100), time.Month(m%100)+1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
}
