package calendar

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

func day(text string) Date {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return DateOf(t.Date())
}

// The file has the first day of each month of the years 1300 to 1501, as ICU has it. Node made it:
//
//	node --eval 'const f = new Intl.DateTimeFormat("en-u-ca-persian-nu-latn", {year: "numeric", month: "numeric", day: "numeric", timeZone: "UTC"});
//	for (let t = Date.UTC(1921, 2, 1); ; t += 864e5) {
//	  const p = Object.fromEntries(f.formatToParts(t).map(x => [x.type, +x.value])); if (p.year > 1501) break;
//	  if (p.day == 1 && p.year >= 1300) console.log(p.year, p.month, new Date(t).toISOString().slice(0, 10)) }'
func TestSolarHijriMonthsBeginWhenICUSaysSo(t *testing.T) {
	f, err := os.Open("testdata/persian_months.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	months, before := 0, Period{}
	for lines := bufio.NewScanner(f); lines.Scan(); months++ {
		var year, month int
		var text string
		if _, err := fmt.Sscan(lines.Text(), &year, &month, &text); err != nil {
			t.Fatal(err)
		}
		got := MonthPersian.Of(day(text), time.Monday)
		if got.From != day(text) || months > 0 && before.Until != got.From {
			t.Errorf("%d-%02d begins on %s, after one that ends at %s, not on %s", year, month, got.From, before.Until, text)
		}
		if name, want := MonthPersian.Name(got.Until-1, time.Monday), fmt.Sprintf("%d-%02d", year, month); name != want {
			t.Errorf("the month from %s is called %s, not %s", text, name, want)
		}
		before = got
	}
	if months != 202*12 {
		t.Errorf("%d months were compared, not those of 202 years", months)
	}
}

// Another opinion on the same days: the equinox itself, by chapter 27 of Meeus, Astronomical Algorithms, to the minute.
func TestSolarHijriYearBeginsWithTheEquinox(t *testing.T) {
	for year := 1300; year <= 1501; year++ {
		noon := equinox(year + 621).Add(3*time.Hour + 30*time.Minute + 12*time.Hour) // a time after noon has the date of the next day
		if want := DateOf(noon.Date()); nowruz(year) != want {
			t.Errorf("%d begins on %s, but the equinox was at %v, so on %s", year, nowruz(year), noon.Add(-12*time.Hour), want)
		}
	}
}

// equinox is the March equinox of a Gregorian year from 1000 to 3000.
func equinox(year int) time.Time {
	y := float64(year-2000) / 1000
	jde := 2451623.80984 + 365242.37404*y + 0.05169*y*y - 0.00411*y*y*y - 0.00057*y*y*y*y
	c := (jde - 2451545) / 36525
	degrees := func(d float64) float64 { return d * math.Pi / 180 }
	w := 35999.373*c - 2.47
	lambda := 1 + 0.0334*math.Cos(degrees(w)) + 0.0007*math.Cos(degrees(2*w))
	var s float64
	for _, term := range [][3]float64{
		{485, 324.96, 1934.136},
		{203, 337.23, 32964.467},
		{199, 342.08, 20.186},
		{182, 27.85, 445267.112},
		{156, 73.14, 45036.886},
		{136, 171.52, 22518.443},
		{77, 222.54, 65928.934},
		{74, 296.72, 3034.906},
		{70, 243.58, 9037.513},
		{58, 119.81, 33718.147},
		{52, 297.17, 150.678},
		{50, 21.02, 2281.226},
		{45, 247.54, 29929.562},
		{44, 325.15, 31555.956},
		{29, 60.93, 4443.417},
		{18, 155.12, 67555.328},
		{17, 288.79, 4562.452},
		{16, 198.04, 62894.029},
		{14, 199.76, 31436.921},
		{12, 95.39, 14577.848},
		{12, 287.11, 31931.756},
		{12, 320.81, 34777.259},
		{9, 227.73, 1222.114},
		{8, 15.45, 16859.074},
	} {
		s += term[0] * math.Cos(degrees(term[1]+term[2]*c))
	}
	jde += 0.00001 * s / lambda
	const unix = 2440587.5
	const dynamical = 70 * time.Second // by which dynamical time is ahead, about, in these years
	return time.Unix(0, 0).UTC().Add(time.Duration((jde-unix)*24*3600)*time.Second - dynamical)
}

func TestKnownPeriods(t *testing.T) {
	for _, c := range []struct {
		grain             Grain
		on                string
		begins            time.Weekday
		from, until, name string
	}{
		{Day, "2026-11-30", time.Saturday, "2026-11-30", "2026-12-01", "2026-11-30"},
		{Week, "2026-11-30", time.Monday, "2026-11-30", "2026-12-07", "2026-11-30"},
		{Week, "2026-11-30", time.Saturday, "2026-11-28", "2026-12-05", "2026-11-28"},
		{Week, "2026-11-28", time.Saturday, "2026-11-28", "2026-12-05", "2026-11-28"},
		{Week, "2026-11-28", time.Sunday, "2026-11-22", "2026-11-29", "2026-11-22"},
		{Week, "1969-12-31", time.Monday, "1969-12-29", "1970-01-05", "1969-12-29"},
		{Month, "2024-02-29", time.Monday, "2024-02-01", "2024-03-01", "2024-02"},
		{Quarter, "2026-11-30", time.Monday, "2026-10-01", "2027-01-01", "2026-Q4"},
		{Year, "2026-11-30", time.Monday, "2026-01-01", "2027-01-01", "2026"},
		{MonthPersian, "2026-11-30", time.Monday, "2026-11-22", "2026-12-22", "1405-09"},
		{QuarterPersian, "2026-11-30", time.Monday, "2026-09-23", "2026-12-22", "1405-Q3"},
		{YearPersian, "2026-11-30", time.Monday, "2026-03-21", "2027-03-21", "1405"},
		// 1399, 1403 and 1408 are leap years: 30 Esfand is their last day.
		{YearPersian, "2021-03-20", time.Monday, "2020-03-20", "2021-03-21", "1399"},
		{MonthPersian, "2025-03-20", time.Monday, "2025-02-19", "2025-03-21", "1403-12"},
		{MonthPersian, "2030-03-20", time.Monday, "2030-02-19", "2030-03-21", "1408-12"},
		{MonthPersian, "2029-03-19", time.Monday, "2029-02-19", "2029-03-20", "1407-12"},
	} {
		p := c.grain.Of(day(c.on), c.begins)
		if got := [...]string{p.From.String(), p.Until.String(), c.grain.Name(day(c.on), c.begins)}; got != [...]string{c.from, c.until, c.name} {
			t.Errorf("the %v of %s is %v, not %s to %s, %s", c.grain, c.on, got, c.from, c.until, c.name)
		}
	}
}

func TestPeriodsHaveNeitherGapsNorOverlaps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	first, last := day("1921-03-21"), day("2122-03-20")
	for range 20_000 {
		d, begins := first+Date(r.IntN(int(last-first))), time.Weekday(r.IntN(7))
		for _, name := range Names() {
			g, ok := ParseGrain(name)
			if !ok || g.String() != name {
				t.Fatalf("%q is not read", name)
			}
			p := g.Of(d, begins)
			switch within := p.From + Date(r.IntN(int(p.Until-p.From))); {
			case d < p.From || d >= p.Until:
				t.Fatalf("%s is not in its %v of %v", d, g, p)
			case g.Of(within, begins) != p || g.Name(within, begins) != g.Name(d, begins):
				t.Fatalf("%s and %s are in the same %v by one of them alone", d, within, g)
			case g.Of(p.Until, begins).From != p.Until || g.Of(p.From-1, begins).Until != p.From:
				t.Fatalf("the %v of %s has a gap beside it", g, d)
			case g.Name(p.Until, begins) == g.Name(d, begins):
				t.Fatalf("two periods are called %s", g.Name(d, begins))
			case int(p.Until-p.From) < g.LeastDays():
				t.Fatalf("the %v of %s has %d days", g, d, p.Until-p.From)
			case g == Week && (p.From.Weekday() != begins || p.From.Weekday() != p.From.utc().Weekday()):
				t.Fatalf("a week begins on %v", p.From.Weekday())
			}
		}
		for _, three := range [][3]Grain{{Month, Quarter, Year}, {MonthPersian, QuarterPersian, YearPersian}} {
			made := func(of Grain, n int, whole Period) {
				var all []Date
				for at := whole.From; at < whole.Until; at = of.Of(at, begins).Until {
					all = append(all, at)
				}
				if len(all) != n || of.Of(all[n-1], begins).Until != whole.Until || !slices.IsSorted(all) {
					t.Fatalf("%v is made of %v", whole, all)
				}
			}
			made(three[0], 3, three[1].Of(d, begins))
			made(three[1], 4, three[2].Of(d, begins))
		}
	}
}
