package place_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"dwell/ingest/place"
)

func TestShippedPlacesAreComplete(t *testing.T) {
	if got, want := place.Shipped(), []string{"afghanistan", "poland-ukraine"}; !slices.Equal(got, want) {
		t.Fatalf("shipped %q, want %q", got, want)
	}
	for _, name := range place.Shipped() {
		b, err := place.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Places) != 9 {
			t.Errorf("%s has %d places, want 9", name, len(b.Places))
		}
		voc, err := b.Vocabulary()
		if err != nil {
			t.Fatal(err)
		}
		for i, code := range voc.BCPs() {
			p := b.Places[i]
			if voc.BCPName(code) != p.ID {
				t.Errorf("%s: code %d is %q, want %q, as codes follow the order of the file", name, code, voc.BCPName(code), p.ID)
			}
			if p.LapseAfter != 336*time.Hour || p.UNLocode != "" {
				t.Errorf("%s: lapses after %v with UN/LOCODE %q", p.ID, p.LapseAfter, p.UNLocode)
			}
			for _, language := range []string{"en", "fa", "ps"} {
				if name == "afghanistan" && (p.Names[language] == "" || p.Neighbour.Names[language] == "") {
					t.Errorf("%s has no name in %q", p.ID, language)
				}
			}
		}
	}
	if _, err := place.Load("atlantis"); err == nil || !strings.Contains(err.Error(), `"atlantis"`) {
		t.Errorf("a places file that is not shipped: %v", err)
	}
}

func TestOpenAtFollowsTheCalendar(t *testing.T) {
	b, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id, utc string
		open    bool
	}{
		{"AF-NAN-TORKHAM", "2026-01-05T22:00:00Z", true},
		{"AF-KAN-SPINBOLDAK", "2026-01-05T02:59:59Z", false}, // 07:29:59 in Kabul
		{"AF-KAN-SPINBOLDAK", "2026-01-05T03:00:00Z", true},
		{"AF-KAN-SPINBOLDAK", "2026-01-05T10:59:59Z", true},
		{"AF-KAN-SPINBOLDAK", "2026-01-05T11:00:00Z", false}, // 15:30
	} {
		at, err := time.Parse(time.RFC3339, c.utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Place(c.id).OpenAt(at); got != c.open {
			t.Errorf("%s at %s: open %v, want %v", c.id, c.utc, got, c.open)
		}
	}
	if b.Place("AF-NAN-NOWHERE") != nil {
		t.Error("a place that is not listed was found")
	}
}

func TestOpenMinutesCountsWithinARange(t *testing.T) {
	b, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	c := b.Place("AF-KAN-SPINBOLDAK").Calendar // 07:30-15:30
	for _, f := range []struct{ from, to, open int }{
		{0, 24 * 60, 480}, {7 * 60, 8 * 60, 30}, {8 * 60, 9 * 60, 60}, {15 * 60, 16 * 60, 30}, {16 * 60, 24 * 60, 0}, {600, 601, 1},
	} {
		if got := c.OpenMinutes(time.Monday, f.from, f.to); got != f.open {
			t.Errorf("minutes %d to %d: open for %d, want %d", f.from, f.to, got, f.open)
		}
	}
}

func TestAssumedSilentAfterIsNotAMaximum(t *testing.T) {
	for _, c := range []struct {
		old, new string
		isMax    bool
	}{
		{"", "", true},
		{"assumed: [calendar]", "assumed: [calendar, silent_after]", false},
		{"    silent_after: 1h\n", "", false},
	} {
		b, err := place.Parse("p.yaml", []byte(strings.Replace(good, c.old, c.new, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if p := b.Places[0]; p.SilentAfterIsMax != c.isMax {
			t.Errorf("%q instead of %q: is a maximum %v, silent after %v", c.new, c.old, p.SilentAfterIsMax, p.SilentAfter)
		}
	}
}

func TestNamesFallBackToEnglish(t *testing.T) {
	n := place.Names{"en": "Torkham", "ps": "تورخم"}
	if n.In("ps") != "تورخم" || n.In("de") != "Torkham" {
		t.Errorf("ps %q, de %q", n.In("ps"), n.In("de"))
	}
}

func TestParseReadsNamesAndColoursOfAgencies(t *testing.T) {
	b, err := place.Parse("p.yaml", []byte(strings.Replace(good, "places:", "  - code: health\n    names: {en: Health, pl: Sanepid}\nplaces:", 1)))
	if err != nil {
		t.Fatal(err)
	}
	want := []place.Agency{
		{Code: "customs", Names: place.Names{"en": "Customs"}, Colour: "#1f5F8b"},
		{Code: "health", Names: place.Names{"en": "Health", "pl": "Sanepid"}},
	}
	if !reflect.DeepEqual(b.Agencies, want) {
		t.Errorf("got %+v, want %+v", b.Agencies, want)
	}
}

const good = `agencies:
  - code: customs
    names: {en: Customs}
    colour: "#1f5F8b"
places:
  - id: A-1
    names: {en: One}
    time_zone: Asia/Kabul
    calendar:
      - days: [mon, tue]
        hours: ["07:30-12:00", "13:00-24:00"]
    neighbour: {id: B-1, names: {en: Other}}
    position: {latitude: 34.1, longitude: 71.1}
    un_locode: DEHAM
    targets: {release_time: 90m}
    silent_after: 1h
    lapse_after: 48h
    assumed: [calendar]
    week_begins: sun
`

// corridors come after the places, so that lines keep their numbers.
const corridors = `corridors:
  - {id: north, names: {en: North}, places: [A-1]}
  - {id: south, names: {en: South}, places: [A-1]}
`

func TestGroupsOfPlaces(t *testing.T) {
	b, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := b.Beside("IR"), []string{"AF-HER-ISLAMQALA", "AF-NIM-ZARANJ"}; !slices.Equal(got, want) {
		t.Errorf("beside Iran are %q", got)
	}
	if got := b.Beside(""); got != nil {
		t.Errorf("beside no country are %q", got)
	}
	if got, want := b.Corridor("torkham-hairatan").Places, []string{"AF-NAN-TORKHAM", "AF-BAL-HAIRATAN"}; !slices.Equal(got, want) {
		t.Errorf("the corridor has %q", got)
	}
	if b.Corridor("silk-road") != nil {
		t.Error("there is a corridor that is not in the file")
	}
}

func TestCountryOfTheNeighbourIsThatOfItsIDUnlessTheFileSaysOther(t *testing.T) {
	for neighbour, want := range map[string]string{
		"id: PK-BA-CHAMAN": "PK", "id: PK-BA-CHAMAN, country: IN": "IN", "id: B-1": "", "id: CHAMAN": "", "id: PK": "", "id: B-1, country: PK": "PK",
	} {
		b, err := place.Parse("p.yaml", []byte("places: [{id: A-1, names: {en: One}, time_zone: Asia/Kabul, neighbour: {"+neighbour+", names: {en: X}}}]"))
		if err != nil || b.Places[0].Neighbour.Country != want {
			t.Errorf("%s is in %q, not %q; %v", neighbour, b.Places[0].Neighbour.Country, want, err)
		}
	}
}

func TestWeekBeginsWithMondayUnlessTheFileOrThePlaceSaysOther(t *testing.T) {
	for _, c := range []struct {
		file, place string
		want        [2]time.Weekday
	}{
		{"", "", [2]time.Weekday{time.Monday, time.Monday}},
		{"week_begins: sat\n", "", [2]time.Weekday{time.Saturday, time.Saturday}},
		{"week_begins: sat\n", ", week_begins: sun", [2]time.Weekday{time.Saturday, time.Sunday}},
	} {
		b, err := place.Parse("p.yaml", []byte(c.file+"places: [{id: A-1, names: {en: One}, time_zone: Asia/Kabul"+c.place+"}]"))
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]time.Weekday{b.WeekBegins, b.Places[0].WeekBegins}; got != c.want {
			t.Errorf("weeks of %q with a place of %q begin on %v", c.file, c.place, got)
		}
	}
}

func TestPlaceNeedsNeitherNeighbourNorPositionNorAgencies(t *testing.T) {
	b, err := place.Parse("p.yaml", []byte("places: [{id: A-1, names: {en: One}, time_zone: Asia/Kabul}]"))
	if err != nil {
		t.Fatal(err)
	}
	if p := b.Places[0]; p.Neighbour != nil || p.Position != nil || len(b.Agencies) != 1 || b.Agencies[0].Code != "customs" {
		t.Errorf("neighbour %v, position %v, agencies %v", p.Neighbour, p.Position, b.Agencies)
	}
}

// The ministry promised 24 hours for nine of ten trucks, and twelve for half of them from the new year of the solar calendar on.
func TestATargetNamesItsStatisticAndItsFirstDay(t *testing.T) {
	b, err := place.Parse("p.yaml", []byte(`places:
  - id: A-1
    names: {en: One}
    time_zone: Asia/Kabul
    targets:
      - {measure: release_time, statistic: p50, within: 12h, from: 2026-03-21}
      - {measure: release_time, statistic: p90, within: 24h}
  - {id: A-2, names: {en: Two}, time_zone: UTC, targets: {release_time: 24h, crossing_time: 48h}}`))
	if err != nil {
		t.Fatal(err)
	}
	one, two := &b.Places[0], &b.Places[1]
	begins := time.Date(2026, 3, 20, 19, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		p       *place.Place
		measure string
		at      time.Time
		want    string
	}{
		{one, "release_time", begins.Add(-time.Second), "p90 24h0m0s"},
		{one, "release_time", begins, "p50 12h0m0s"},
		{one, "crossing_time", begins, ""},
		{two, "release_time", begins, "p90 24h0m0s"},
		{two, "crossing_time", begins, "p90 48h0m0s"},
	} {
		is := ""
		if target := c.p.TargetAt(c.measure, c.at); target != nil {
			is = target.Statistic() + " " + target.Within.String()
		}
		if is != c.want {
			t.Errorf("%s: the target for %s at %v is %q, want %q", c.p.ID, c.measure, c.at, is, c.want)
		}
	}
}

func TestErrorsNameFilePlaceKeyAndValue(t *testing.T) {
	if _, err := place.Parse("good.yaml", []byte(good+corridors)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"time_zone: Asia/Kabul", "time_zone: Asia/Nowhere", `p.yaml: place "A-1": time_zone: "Asia/Nowhere"`},
		{"time_zone: Asia/Kabul", "time_zone: Local", `p.yaml: place "A-1": time_zone: "Local"`},
		{"time_zone: Asia/Kabul", "time_zone: localtime", `p.yaml: place "A-1": time_zone: "localtime" is not a time zone such as "Asia/Kabul"`},
		{"time_zone: Asia/Kabul", "time_zone: right/Asia/Kabul", `p.yaml: place "A-1": time_zone: "right/Asia/Kabul" is not a time zone such as "Asia/Kabul"`},
		{"time_zone: Asia/Kabul", "time_zone: posix/Asia/Kabul", `p.yaml: place "A-1": time_zone: "posix/Asia/Kabul" is not a time zone such as "Asia/Kabul"`},
		{"time_zone: Asia/Kabul", "time_zone: posixrules", `p.yaml: place "A-1": time_zone: "posixrules" is not a time zone such as "Asia/Kabul"`},
		{"07:30-12:00", "07:30-25:00", `p.yaml: place "A-1": calendar[0].hours: "07:30-25:00"`},
		{"07:30-12:00", "12:00-07:30", `calendar[0].hours: "12:00-07:30"`},
		{"13:00-24:00", "11:00-24:00", `calendar: the hours of "mon" overlap`},
		{"[mon, tue]", "[mon, tuesday]", `calendar[0].days: "tuesday"`},
		{"[mon, tue]", "[]", `calendar[0]: days and hours`},
		{"latitude: 34.1", "latitude: 94.1", `position.latitude: 94.1`},
		{"longitude: 71.1", "longitude: 181", `position.longitude: 181`},
		{"DEHAM", "Hamburg", `un_locode: "Hamburg"`},
		{"90m", "soon", `targets.release_time: "soon"`},
		{"{release_time: 90m}", "{relase_time: 90m}", `place "A-1": unknown field "relase_time"`},
		{"{release_time: 90m}", "[{measure: release_time, statistic: p90}]", `targets[0].within: "0" is not a positive duration`},
		{"{release_time: 90m}", "[{measure: release_time, statistic: mean, within: 2h}]", `targets[0].statistic: "mean" is not one of p50`},
		{"{release_time: 90m}", "[{measure: arrivals, statistic: p90, within: 2h}]", `targets[0].measure: "arrivals" has no target; use release_time, crossing_time`},
		{"{release_time: 90m}", "[{measure: release_time, statistic: p90, within: 2h, from: 21.03.2026}]", `targets[0].from: "21.03.2026" is not a date`},
		{"{release_time: 90m}", "[{measure: release_time, statistic: p90, within: 2h}, {measure: release_time, statistic: p50, within: 1h}]", `targets[1]: release_time has another target`},
		{"{release_time: 90m}", "[{measure: release_time, statistic: p90, with: 2h}]", `unknown field "with"`},
		{"    un_locode: DEHAM", "    capacity: -1", `capacity: -1 is not a number of trucks`},
		{"lapse_after: 48h", "lapse_after: -1h", `lapse_after: "-1h"`},
		{"silent_after: 1h", "silent_after: never", `silent_after: "never"`},
		{"assumed: [calendar]", "assumed: [weather]", `assumed: "weather"`},
		{"names: {en: One}", "names: {fa: One}", `place "A-1": names.en: missing`},
		{"names: {en: One}", "names: {en: One, Farsi: X}", `names: "Farsi"`},
		{"id: A-1", "id: A 1", `place "A 1": id: "A 1"`},
		{"id: B-1", "id: ''", `neighbour.id: ""`},
		{"code: customs", "code: Customs", `p.yaml: agency "Customs": code: "Customs"`},
		{`"#1f5F8b"`, `"#1f5f8"`, `p.yaml: agency "customs": colour: "#1f5f8" is not a colour`},
		{`"#1f5F8b"`, "red", `p.yaml: agency "customs": colour: "red"`},
		{`"#1f5F8b"`, "#1f5F8b", `p.yaml: agency "customs": colour: empty; give it in quotes`},
		{"code: customs", "code: police", `p.yaml: agencies lack "customs"`},
		{"lapse_after: 48h", "lapses: 48h", `p.yaml:17: place "A-1": unknown field "lapses"`},
		{"    lapse_after: 48h", "    silentafterismax: true", `p.yaml:17: place "A-1": unknown field "silentafterismax"`},
		{"time_zone: Asia/Kabul", "zone: Asia/Kabul", `p.yaml:8: place "A-1": unknown field "zone"`},
		{"latitude: 34.1", "latitude: north", `p.yaml:13: place "A-1"`},
		{"code: customs", "cod: customs", `p.yaml:2: unknown field "cod"`},
		{"    lapse_after: 48h", "    silent_after: 2h", `p.yaml:17: place "A-1": mapping key "silent_after" already defined`},
		{"places:", "places: []\nx:", `unknown field "x"`},
		{"week_begins: sun", "week_begins: sunday", `p.yaml: place "A-1": week_begins: "sunday" is not a day; use sun, mon`},
		{"places:", "week_begins: 7\nplaces:", `p.yaml: week_begins: "7" is not a day`},
		{"id: B-1", "id: B-1, country: pk", `neighbour.country: "pk" is not a country such as "PK"`},
		{"id: north", "id: no rth", `p.yaml: corridor "no rth": id: "no rth"`},
		{"id: north", "id: south", `p.yaml: corridor "south": id: "south" is listed twice`},
		{"en: North", "fa: North", `p.yaml: corridor "north": names.en: missing`},
		{"places: [A-1]", "places: []", `p.yaml: corridor "north": places: the list is empty`},
		{"places: [A-1]", "places: [A-1, A-1]", `places: "A-1" is listed twice`},
		{"places: [A-1]", "places: [A-2]", `p.yaml: corridor "north": places: "A-2" is not a place of this file`},
	} {
		text := strings.Replace(good+corridors, c.old, c.new, 1)
		if text == good+corridors {
			t.Fatalf("%q is not in the file", c.old)
		}
		_, err := place.Parse("p.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s instead of %s:\n got %v\nwant %s", c.new, c.old, err, c.want)
		}
	}
	if _, err := place.Parse("p.yaml", nil); err == nil || !strings.Contains(err.Error(), "places: the list is empty") {
		t.Errorf("an empty file: %v", err)
	}
	twice := good + good[strings.Index(good, "  - id: A-1"):]
	if _, err := place.Parse("p.yaml", []byte(twice)); err == nil || !strings.Contains(err.Error(), `"A-1" is listed twice`) {
		t.Errorf("a place listed twice: %v", err)
	}
}
