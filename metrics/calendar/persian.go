package calendar

// The Solar Hijri year begins on the day of the March equinox where that is before noon in Tehran's standard time, else on the day
// after. The arithmetic of 33 years with 8 leap years finds the same days from 1300 to 1501, 1921 to 2123: a test compares it with
// the equinoxes and with the tables of ICU. Afghanistan's calendar has the same days and months.

// nowruz is the first day of the year.
func nowruz(year int) Date {
	const first = 1948320 - 2440588 // of the year 1, as a Julian day less that of 1970-01-01
	return Date(first + 365*(year-1) + floor(8*year+21, 33))
}

// NewYear is the first day of a year of the Solar Hijri calendar.
func NewYear(year int) Date { return nowruz(year) }

// persian is the year of the date, and its month, counted from 0.
func persian(d Date) (year, month int) {
	const known, longest = 1348, 366
	year = known + floor(int(d-nowruz(known)), longest)
	for nowruz(year) > d {
		year--
	}
	for nowruz(year+1) <= d {
		year++
	}
	for month = 11; persianMonth(year, month) > d; month-- {
	}
	return year, month
}

// persianMonth is the first day of a month, counted from 0; month 12 is the first one of the next year. The first six months have 31
// days, the next five 30, and the last one has what is left.
func persianMonth(year, month int) Date {
	if month == 12 {
		return nowruz(year + 1)
	}
	return nowruz(year) + Date(31*month-max(0, month-6))
}
