package source_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

// Files as their publishers make them are read without a mapping of one's own.
func TestShippedMappingsReadWhatIsPublished(t *testing.T) {
	voc, err := event.NewVocabulary([]string{"PL-18-MEDYKA", "250601", "300403", "CA-BC-PEACEARCH"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	otay := []string{
		"06T21:05 250601 queue.observed vehicles=unknown wait=2700 age=unknown direction=inbound queue=standard lanes=6 state=open",
		"06T21:05 250601 queue.observed vehicles=unknown wait=0 age=unknown direction=inbound queue=FAST lanes=2 state=open",
		"06T21:05 300403 queue.observed vehicles=unknown wait=unknown age=unknown direction=inbound queue=standard",
	}
	var xml []string
	for _, line := range otay {
		xml = append(xml, strings.Replace(line, "21:05", "21:08", 1))
	}
	for file, c := range map[string]struct {
		mapping string
		want    []string
		tally   string
	}{
		"echerga.csv": {
			"echerga-queues.yaml",
			[]string{
				"01T06:00 PL-18-MEDYKA queue.observed vehicles=410 wait=43200 age=unknown queue=truck_ge_7_5t state=open",
				"01T06:00 PL-18-MEDYKA queue.observed vehicles=12 wait=unknown age=unknown queue=truck_empty state=paused",
				"01T06:00 PL-18-MEDYKA queue.observed vehicles=0 wait=0 age=unknown queue=bus state=open",
			},
			"3 lines: 3 readings, 0 refused",
		},
		"cbp.json": {
			"cbp-border-wait-times-json.yaml",
			append(slices.Clone(otay),
				"06T22:05 300403 queue.observed vehicles=unknown wait=unknown age=unknown direction=inbound queue=standard state=closed",
				"06T22:05 300403 bcp.closed"),
			"4 objects: 4 readings, 0 refused; 2 readings not selected by only or except; 1 closing or opening",
		},
		"cbp.xml": {"cbp-border-wait-times-xml.yaml", xml, "3 elements: 3 readings, 0 refused; 1 reading not selected by only or except"},
		"cascade.csv": {
			"cascade-gateway-peace-arch.yaml",
			[]string{
				"01T15:00 CA-BC-PEACEARCH queue.observed vehicles=unknown wait=18 age=unknown direction=outbound queue=cars",
				"01T16:00 CA-BC-PEACEARCH queue.observed vehicles=unknown wait=2946 age=unknown direction=outbound queue=cars",
				"01T17:00 CA-BC-PEACEARCH queue.observed vehicles=unknown wait=unknown age=unknown direction=outbound queue=cars",
			},
			"3 lines: 3 readings, 0 refused",
		},
		"readings.csv": {
			"readings.yaml",
			[]string{
				"01T06:00 PL-18-MEDYKA queue.observed vehicles=12 wait=unknown age=unknown",
				"01T07:00 PL-18-MEDYKA queue.observed vehicles=unknown wait=450 age=unknown",
			},
			"2 lines: 2 readings, 0 refused",
		},
	} {
		data, err := os.Open("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := source.NewReader(data, shipped(t), voc, func(string) *time.Location { return pacific }, today)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got := describedBy(t, r, voc)
		if r.Mapping().Name != c.mapping || !slices.Equal(got, c.want) || r.Tally().String() != c.tally {
			t.Errorf("%s by %s, %s:\n got %s\nwant %s", file, r.Mapping().Name, r.Tally(), strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
		if err := data.Close(); err != nil {
			t.Error(err)
		}
	}
}

// CBP's table as a spreadsheet has it: each lane a line, date and time apart, and words where there is no number.
func TestLanesOfAPortAsLines(t *testing.T) {
	m := mapping(t, `
source: /cbp
columns: {bcp: port_name, time: [date, time], queue: lane, wait: delay_minutes, lanes_open: lanes_open, state: operational_status, closed: port_status}
time_layout: "%m/%d/%Y %H:%M:%S"
time_zone: America/Los_Angeles
wait_unit: 1m
bcps: {Otay Mesa: PL-18-MEDYKA}
words: {open: [delay, no delay], closed: [lanes closed], unknown: [update pending, n/a], yes: [closed], no: [open]}
`)
	file := `port_number,port_name,date,time,port_status,lane,operational_status,update_time,delay_minutes,lanes_open
250601,Otay Mesa,11/28/2025,14:05:00,Open,commercial_standard,delay,At 2:00 pm PST,45,6
250601,Otay Mesa,11/28/2025,14:05:00,Open,commercial_FAST,no delay,At 2:00 pm PST,0,2
250601,Otay Mesa,11/28/2025,15:05:00,Open,commercial_standard,Update Pending,,,
250601,Otay Mesa,11/28/2025,16:05:00,Open,commercial_standard,Lanes Closed,At 4:00 pm PST,,0
250601,Otay Mesa,11/28/2025,17:05:00,Closed,commercial_standard,N/A,,,N/A
`
	want := []string{
		"28T22:05 PL-18-MEDYKA queue.observed vehicles=unknown wait=2700 age=unknown queue=commercial_standard lanes=6 state=open",
		"28T22:05 PL-18-MEDYKA queue.observed vehicles=unknown wait=0 age=unknown queue=commercial_FAST lanes=2 state=open",
		"28T23:05 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown queue=commercial_standard",
		"29T00:05 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown queue=commercial_standard lanes=0 state=closed",
		"29T01:05 PL-18-MEDYKA queue.observed vehicles=unknown wait=unknown age=unknown queue=commercial_standard",
		"29T01:05 PL-18-MEDYKA bcp.closed",
	}
	if got := readAll(t, strings.NewReader(file), m); !slices.Equal(got, want) {
		t.Errorf("got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
