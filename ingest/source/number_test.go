package source_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/source"
)

// An office writes 1.250 for a thousand and two hundred and fifty, and 12,5 for a wait. What may be either is refused, and read as the mapping says.
func TestNumberOfTwoMeaningsIsRefused(t *testing.T) {
	const of = "source: /x\nseparator: \";\"\nwait_unit: 1m\nbcp: PL-18-MEDYKA\ncolumns: {time: time, vehicles: trucks, wait: wait}\n"
	read := func(signs, trucks, wait string) string {
		t.Helper()
		got := readAll(t, strings.NewReader("time;trucks;wait\n2026-07-01T02:00:00Z;"+trucks+";"+wait+"\n"), mapping(t, of+signs))
		if len(got) != 1 {
			t.Fatalf("got %q", got)
		}
		return strings.TrimSuffix(strings.TrimPrefix(got[0], "01T02:00 PL-18-MEDYKA queue.observed "), " age=unknown")
	}
	const asks = " it may be %; say in decimal and thousands which signs are before fractions and between thousands"
	may := func(number string) string { return strings.Replace(asks, "%", number+" or have a fraction", 1) }
	const both, office, point = "decimal: \",.\"\n", "decimal: \",\"\nthousands: \".\"\n", "decimal: \".\"\n"
	for _, c := range []struct{ signs, trucks, wait, want string }{
		{both, "7", "1.250", `line 2: wait: "1.250" is not a length of time:` + may("1250")},
		{both, "7", "1,250", `line 2: wait: "1,250" is not a length of time:` + may("1250")},
		{both, "7", "12.5", "vehicles=7 wait=750"},
		{both, "7", "0.125", "vehicles=7 wait=8"},
		{both, "7", "1,2500", "vehicles=7 wait=75"},
		{office, "1.250", "1.250,5", "vehicles=1250 wait=75030"},
		{office, "1.2", "1", `line 2: trucks: "1.2" is not a number of vehicles`},
		{"", "1.000", "1", `line 2: trucks: "1.000" is not a number of vehicles:` + may("1000")},
		{"", "1.250", "1", `line 2: trucks: "1.250" is not a number of vehicles:` + may("1250")},
		{"", "12.0", "1.5", "vehicles=12 wait=90"},
		{point, "1.000", "1.250", "vehicles=1 wait=75"},
		{"", "۱۲", "۷٫۵", "vehicles=12 wait=450"},
		{"", "١٢", "١٬٢٠٠", "vehicles=12 wait=72000"},
		{both, "7", "۱.۲۵۰", `line 2: wait: "۱.۲۵۰" is not a length of time:` + may("1250")},
	} {
		if got := read(c.signs, c.trucks, c.wait); got != c.want {
			t.Errorf("%q, %q, %q: got %s, want %s", c.signs, c.trucks, c.wait, got, c.want)
		}
	}
}

// What a proposal says of signs is what the file shows, or a question.
func TestProposalOfSigns(t *testing.T) {
	for rows, want := range map[string]string{
		"950;12,5\n1.250;7,5\n":     "decimal: \",\" # and a point is between thousands, as in 1.250\nthousands: \".\"\n",
		"950;1.250,5\n":             "decimal: \",\" # and a point is between thousands, as in 1.250\nthousands: \".\"\n",
		"950;12,5\n950;12.5\n":      "decimal: \",.\"\n",
		"950;12,5\n1.250;12.5\n":    "decimal: \",.\"\n",
		"950;12\n1.250;12\n":        "# is the point, which is before three digits alone, between thousands? Then decimal: \",\" and thousands: \".\"\n",
		"950;12.5\n1.250;12\n":      "",
		"950;0.125\n1.250;12\n":     "",
		"950;12\n1,250;12\n":        "thousands: \",\" # or is it the decimal comma? then decimal: \",\"\n",
		"950;12\n1,250;1 200\n":     "thousands: \", \" # or is it the decimal comma? then decimal: \",\"\n",
		"950;1,250.5\n1 250;12.5\n": "thousands: \", \" # or is it the decimal comma? then decimal: \",\"\n",
	} {
		file := "time;trucks;wait min\n"
		for _, row := range strings.Split(strings.TrimSpace(rows), "\n") {
			file += "2026-07-01T02:00:00Z;" + row + "\n"
		}
		text, err := source.Propose(strings.NewReader(file), "/mine", func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(string(text), "wait_unit: 1m\n")
		got, _, _ = strings.Cut(got, "bcp: ")
		if got != want {
			t.Errorf("%q: proposes %q, want %q", rows, got, want)
		}
	}
}

// A clerk at Dogharun writes Persian digits, and some of the dates of his own calendar, which is named and not converted.
func TestTimesInPersianDigits(t *testing.T) {
	m := mapping(t, "source: /x\nseparator: \";\"\nbcp: PL-18-MEDYKA\ncolumns: {time: time, vehicles: trucks}\ntime_layout: \"%Y/%m/%d %H:%M\"\ntime_zone: UTC\n")
	got := readAll(t, strings.NewReader("time;trucks\n۲۰۲۶/۰۷/۰۱ ۰۲:۰۰;۷\n٢٠٢٦/٠٧/٠١ ٠٣:٠٠;8\n۱۴۰۴/۱۲/۱۴ ۱۰:۰۰;7\n1448/01/14 10:00;7\n2569/07/01 10:00;7\n"), m)
	if want := []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=7 wait=unknown age=unknown",
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=8 wait=unknown age=unknown",
		`line 4: time: "۱۴۰۴/۱۲/۱۴ ۱۰:۰۰" is before 1990, or after 2104; 1404 is a year of the Solar Hijri calendar, which is not converted: give Gregorian dates`,
		`line 5: time: "1448/01/14 10:00" is before 1990, or after 2104; 1448 is a year of the Lunar Hijri calendar, which is not converted: give Gregorian dates`,
		`line 6: time: "2569/07/01 10:00" is before 1990, or after 2104`,
	}; !slices.Equal(got, want) {
		t.Errorf("got %s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for layout, text := range map[string]string{"epoch_s": "۱۷۸۲۸۷۱۲۰۰", "%d.%m.%Y %H:%M": "۱.۷.۲۰۲۶ ۰۲:۰۰"} {
		m := mapping(t, "source: /x\nseparator: \";\"\nbcp: PL-18-MEDYKA\ncolumns: {time: time, vehicles: trucks}\ntime_zone: UTC\ntime_layout: \""+layout+"\"\n")
		got := readAll(t, strings.NewReader("time;trucks\n"+text+";7\n"), m)
		if want := time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC).Format("02T15:04"); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: got %q", text, got)
		}
	}
}

// An office writes its waits in minutes, and the mapping says hours; or it has points between thousands, and the mapping does not say so.
func TestWaitsOfWeeksAreDoubted(t *testing.T) {
	const m = "source: /x\nbcp: PL-18-MEDYKA\ncolumns: {time: time, wait: wait}\nseparator: \";\"\nwait_unit: 1h\ndecimal: \",\"\nthousands: \".\"\n"
	for rows, want := range map[string]string{
		"336;12,5": "",
		"336,5;12": `1 wait is longer than 14 days, such as "336,5" of line 2, which is read as 14 days: is that so, or is the unit (wait_unit) or a sign in the number (decimal, thousands) another one?`,
		"336,5;1.250,5;400": `3 waits are longer than 14 days, such as "1.250,5" of line 3, which is read as 52 days: ` +
			`is that so, or is the unit (wait_unit) or a sign in the number (decimal, thousands) another one?`,
	} {
		file := "time;wait\n"
		for i, row := range strings.Split(rows, ";") {
			file += fmt.Sprintf("2026-07-01T0%d:00:00Z;%s\n", i, row)
		}
		r, err := source.NewReader(strings.NewReader(file), []source.Mapping{mapping(t, m)}, vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range r.Events() {
			if err != nil {
				t.Error(err)
			}
		}
		if got := r.LongWaits(); got != want {
			t.Errorf("%s: got %s, want %s", rows, got, want)
		}
	}
	for signs, want := range map[string]string{
		"thousands: \".\"\n":                  `thousands: "." has a sign that is before fractions, too, as decimal is a point by default; say decimal: ","`,
		"decimal: \",\"\nthousands: \" ,\"\n": `thousands: " ," has a sign that is before fractions, too (decimal: ","); name it in one of them alone`,
		"decimal: \",,\"\n":                   `decimal: ",," has, with thousands, a sign twice, or one of a number`,
		"decimal: \",\"\nthousands: \"1\"\n":  `decimal: ",1" has, with thousands, a sign twice, or one of a number`,
	} {
		if _, err := source.ParseMapping("m.yaml", []byte(counts+signs)); err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
