package event

import "time"

// ParseInstant reads an RFC 3339 time, with any offset, as Unix milliseconds. Digits beyond the millisecond are cut. As the standard
// allows, t, z and a space stand for T and Z, and the last second of a month in UTC may be a 60th, a leap second; Unix time has none, so it is
// the first second of the next month.
func ParseInstant(b []byte) (ms int64, ok bool) {
	if len(b) < len("2006-01-02T15:04:05Z") || b[4] != '-' || b[7] != '-' || b[10]|' ' != 't' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	century, yearOfCentury, month, day := pair(b, 0), pair(b, 2), pair(b, 5), pair(b, 8)
	hour, minute, second := pair(b, 11), pair(b, 14), pair(b, 17)
	year := century*100 + yearOfCentury
	if century > 99 || yearOfCentury > 99 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 60 {
		return 0, false
	}
	rest := b[19:]
	var fraction int64
	if rest[0] == '.' {
		n := 1
		for scale := int64(100); n < len(rest) && rest[n] >= '0' && rest[n] <= '9'; n++ {
			fraction += int64(rest[n]-'0') * scale
			scale /= 10
		}
		if n == 1 {
			return 0, false
		}
		rest = rest[n:]
	}
	offset, ok := zone(rest)
	if !ok {
		return 0, false
	}
	seconds := daysSinceEpoch(year, month, day)*86_400 + hour*3600 + minute*60 + second - offset
	if second == 60 && !beginsMonth(seconds) {
		return 0, false
	}
	return seconds*1000 + fraction, true
}

// zone reads "Z" or "+04:30" as seconds east of UTC.
func zone(b []byte) (seconds int64, ok bool) {
	if len(b) == 1 && b[0]|' ' == 'z' {
		return 0, true
	}
	if len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	hour, minute := pair(b, 1), pair(b, 4)
	if hour > 23 || minute > 59 {
		return 0, false
	}
	seconds = hour*3600 + minute*60
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// pair reads two digits; other bytes give more than 99.
func pair(b []byte, i int) int64 {
	tens, ones := b[i]-'0', b[i+1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return int64(tens)*10 + int64(ones)
}

func decimal(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func beginsMonth(seconds int64) bool {
	t := time.Unix(seconds, 0).UTC()
	return t.Day() == 1 && seconds%86_400 == 0
}

func daysIn(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// daysSinceEpoch counts the days from 1970-01-01 to a date of the Gregorian calendar (Hinnant, "chrono-compatible
// low-level date algorithms": years begin in March, so that the leap day is the last).
func daysSinceEpoch(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := (year+400)/400 - 1 // rounded down; January of the year 0 is of the year before
	yearOfEra := year - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146_097 + dayOfEra - 719_468
}
