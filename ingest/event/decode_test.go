package event

import (
	"fmt"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
)

func testVocabulary(t testing.TB) *Vocabulary {
	t.Helper()
	v, err := NewVocabulary([]string{"AF-NAN-TORKHAM", "PL-LUB-DOROHUSK"}, []string{"customs", "border_police"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const arrived = `{"specversion":"1.0","id":"1","source":"/post","type":"dwell.truck.arrived.v1","subject":"T1","time":"2026-01-05T12:30:00.123456+04:30","data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound","regime":"transit","lane":"3 \u0627"}}`

func message(value string) *Record {
	return &Record{Key: []byte("T1"), Value: []byte(value), Time: time.Date(2026, 1, 5, 8, 0, 1, 0, time.UTC).UnixMilli()}
}

func TestArrivalIsDecoded(t *testing.T) {
	v := testVocabulary(t)
	d := NewDecoder(v, 5*time.Minute)
	want := Event{
		Type: TruckArrived, ID: []byte("1"), Source: []byte("/post"), Subject: []byte("T1"),
		Time:     time.Date(2026, 1, 5, 8, 0, 0, 123_000_000, time.UTC).UnixMilli(),
		Recorded: time.Date(2026, 1, 5, 8, 0, 0, 123_000_000, time.UTC).UnixMilli(),
		BCP:      1, Direction: Inbound, Regime: Transit, Lane: []byte("3 ا"),
		Observation: NoObservation(),
		Data:        []byte(`{"bcp":"AF-NAN-TORKHAM","direction":"inbound","regime":"transit","lane":"3 \u0627"}`),
	}
	var got Event
	if r := d.Decode(message(arrived), &got); r != nil {
		t.Fatal(r)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	binary := message(`{"lane":"3 \u0627","regime":"transit","direction":"inbound","bcp":"AF-NAN-TORKHAM"}`)
	for name, value := range map[string]string{
		"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/post", "ce_type": "dwell.truck.arrived.v1", "ce_subject": "T1",
		"ce_time": "2026-01-05T08:00:00.123Z", "content-type": "application/json; charset=utf-8",
	} {
		binary.Headers = append(binary.Headers, Header{[]byte(name), []byte(value)})
	}
	want.Data = binary.Value
	if r := d.Decode(binary, &got); r != nil {
		t.Fatal(r)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("binary mode: got  %+v\nwant %+v", got, want)
	}
	again := message(string(AppendStructured(nil, v, &want)))
	want.Data = AppendData(nil, v, &want)
	if r := d.Decode(again, &got); r != nil {
		t.Fatal(r, string(again.Value))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("written and read again: got  %+v\nwant %+v", got, want)
	}
}

func TestUnusableMessageHasAReason(t *testing.T) {
	d := NewDecoder(testVocabulary(t), 5*time.Minute)
	f := func(name, old, new, want string) {
		t.Helper()
		if !strings.Contains(arrived, old) {
			t.Fatalf("%s: the message has no %q", name, old)
		}
		var e Event
		r := d.Decode(message(strings.Replace(arrived, old, new, 1)), &e)
		switch {
		case r == nil && want != "":
			t.Errorf("%s: was read, want %s", name, want)
		case r != nil && r.Error() != want:
			t.Errorf("%s: got %s, want %s", name, r, want)
		}
	}
	f("cut short", `}}`, `}`, "not_json")
	f("followed by more", `}}`, `}}x`, "not_json")
	f("no version", `"specversion":"1.0",`, ``, "not_cloudevent: specversion")
	f("another version", `"1.0"`, `"0.3"`, `not_cloudevent: specversion "0.3"`)
	f("no id", `"id":"1",`, ``, "missing_field: id")
	f("an id that is a number", `"id":"1"`, `"id":1`, `invalid_field: id "1"`)
	f("a short type", `dwell.truck.arrived.v1`, `truck.arrived`, `unknown_type: type "truck.arrived"; did you mean "dwell.truck.arrived.v1"`)
	f("a type without its version", `dwell.truck.arrived.v1`, `dwell.truck.arrived`, `unknown_type: type "dwell.truck.arrived"; did you mean "dwell.truck.arrived.v1"`)
	f("a type of another kind", `dwell.truck.arrived.v1`, `dwell.truck.arrived.v2`, `unknown_type: type "dwell.truck.arrived.v2"`)
	f("an empty optional field", `"lane":"3 \u0627"`, `"lane":""`, "")
	f("an empty required field", `"inbound"`, `""`, "missing_field: data.direction")
	f("no time", `"time"`, `"thyme"`, "missing_field: time")
	f("a time without a zone", `+04:30"`, `"`, `invalid_field: time "2026-01-05T12:30:00.123456"`)
	f("the 30th of February", `2026-01-05T`, `2026-02-30T`, `invalid_field: time "2026-02-30T12:30:00.123456+04:30"`)
	f("a clock at the epoch", `2026-01-05T`, `1970-01-05T`, `invalid_field: time "1970-01-05T12:30:00.123456+04:30"`)
	f("no data", `"data"`, `"date"`, "missing_field: data")
	f("data in a string", `"data":{`, `"data":"no","x":{`, `invalid_field: data "no"`)
	f("no bcp", `"bcp"`, `"pcb"`, "missing_field: data.bcp")
	f("an unknown bcp", `AF-NAN-TORKHAM`, `AF-XXX-NOWHERE`, `unknown_bcp: data.bcp "AF-XXX-NOWHERE"`)
	f("no direction", `"direction"`, `"way"`, "missing_field: data.direction")
	f("an unsupported direction", `inbound`, `upwards`, `invalid_field: data.direction "upwards"`)
	f("null is missing", `"inbound"`, `null`, "missing_field: data.direction")
	f("no agency", `dwell.truck.arrived.v1`, `dwell.hold.placed.v1`, "missing_field: data.agency")
	f("an unknown field", `arrived.v1`, `arrived.v1","x":"`, "")
	f("another's key", `"subject":"T1"`, `"subject":"T2"`, "")
	f("a clock far ahead", `12:30:00`, `12:36:00`, `future_time: time "2026-01-05T12:36:00.123456+04:30"`)
	f("a visit with the id of its bcp", `"subject":"T1"`, `"subject":"AF-NAN-TORKHAM"`, `invalid_field: subject "AF-NAN-TORKHAM"`)
	f("a place event with a visit's subject", `truck.arrived`, `bcp.opened`, `invalid_field: subject "T1"`)
	f("a source with a zero byte", `"source":"/post"`, `"source":"/post\u0000b"`, "invalid_field: source \"/post\\x00b\"")
	for field, old := range map[string]string{"id": `"id":"1"`, "source": `"source":"/post"`, "subject": `"subject":"T1"`, "data.lane": `"lane":"3 \u0627"`} {
		with := func(text string) string { return old[:len(old)-1] + text + `"` }
		value := strings.TrimSuffix(strings.SplitN(strings.ReplaceAll(old, `\u0627`, "\u0627"), `":"`, 2)[1], `"`)
		f(field+" with the first half of a pair", old, with(`\ud800`), fmt.Sprintf("invalid_field: %s %q", field, value+"\uFFFD"))
		f(field+" with the second half", old, with(`\uDFFF.`), fmt.Sprintf("invalid_field: %s %q", field, value+"\uFFFD."))
		f(field+" with two first halves", old, with(`\ud800\udbffx`), fmt.Sprintf("invalid_field: %s %q", field, value+"\uFFFDx"))
		f(field+" with half a pair before another character", old, with(`\ud83d\u0041`), fmt.Sprintf("invalid_field: %s %q", field, value+"\uFFFDA"))
		f(field+" with a pair", old, with(`\ud83d\ude00`), "")
		f(field+" with the replacement character", old, with(`\ufffd`), "")
	}
	f("half a pair where nobody looks", `"lane"`, `"seal":"\ud800","\udc00":"\udc00","lane"`, "")
	f("an edition", `"id":"1"`, `"id":"1","edition":2147483647`, "")
	f("no edition", `"id":"1"`, `"id":"1","edition":null`, "")
	f("an edition that is text", `"id":"1"`, `"id":"1","edition":"1"`, `invalid_field: edition "1"`)
	f("a negative edition", `"id":"1"`, `"id":"1","edition":-1`, `invalid_field: edition "-1"`)
	f("an edition of another form", `"id":"1"`, `"id":"1","edition":3.0`, "")
	f("half an edition", `"id":"1"`, `"id":"1","edition":1.5`, `invalid_field: edition "1.5"`)
	f("an edition that is no integer of CloudEvents", `"id":"1"`, `"id":"1","edition":2147483648`, `invalid_field: edition "2147483648"`)
	f("an edition of many digits", `"id":"1"`, `"id":"1","edition":18446744073709551617`, `invalid_field: edition "18446744073709551617"`)
	f("more than anybody asked for", `"lane"`, `"seal":{"no":[1,2,{"a":-1.5e9}]},"lane"`, "")
}

// Customs take back what the gate said, and the gate what it said itself, of a truck and of the hours of its BCP.
func TestRetractionOfAnotherSourceIsRefusedWhereOnlyOwnOnesAreTaken(t *testing.T) {
	const retraction = `{"specversion":"1.0","id":"2","source":"/customs","type":"dwell.event.retracted.v1","subject":"T1","time":"2026-01-05T08:00:00Z",` +
		`"data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound","id":"1","source":"/gate","time":"2026-01-05T07:00:00Z"}}`
	for _, subject := range []string{"T1", "AF-NAN-TORKHAM"} {
		for _, by := range []string{"/customs", "/gate"} {
			for _, own := range []bool{false, true} {
				d := NewDecoder(testVocabulary(t), 5*time.Minute)
				d.OwnRetractions = own
				want := ""
				if own && by == "/customs" {
					want = `foreign_retraction: data.source "/gate"`
				}
				got := ""
				if r := d.Decode(message(strings.NewReplacer("T1", subject, "/customs", by).Replace(retraction)), &Event{}); r != nil {
					got = r.Error()
				}
				if got != want {
					t.Errorf("%s retracts an event of %s, own alone %v: got %q, want %q", by, subject, own, got, want)
				}
			}
		}
	}
}

// TestReadingSaysWhoseQueueItIs: what a reading lacks is unknown, and a word that is no state is refused.
func TestReadingSaysWhoseQueueItIs(t *testing.T) {
	d := NewDecoder(testVocabulary(t), 5*time.Minute)
	f := func(data, want string, observed Observation) {
		t.Helper()
		value := strings.NewReplacer("truck.arrived", "queue.observed", `"T1"`, `"AF-NAN-TORKHAM"`, `,"lane":"3 \u0627"`, data).Replace(arrived)
		record := message(value)
		record.Key = []byte("AF-NAN-TORKHAM")
		var e Event
		switch r := d.Decode(record, &e); {
		case r != nil && r.Error() != want:
			t.Errorf("%s: got %s, want %s", data, r, want)
		case r == nil && string(e.Queue) != want:
			t.Errorf("%s: the queue is %q, want %q", data, e.Queue, want)
		case r == nil && e.Observation != observed:
			t.Errorf("%s: got %+v, want %+v", data, e.Observation, observed)
		}
	}
	nothing := NoObservation()
	f("", "", nothing)
	f(`,"queue":null,"state":"unknown"`, "", nothing)
	f(`,"queue":"FAST lane 1","state":"closed","lanes_open":0`, "FAST lane 1",
		Observation{Vehicles: Unknown, WaitSeconds: Unknown, AgeSeconds: Unknown, ServiceRate: Unknown, State: ClosedState})
	f(`,"queue":"buses","state":"open","lanes_open":2,"service_rate":9999999999,"vehicles":0,"wait_seconds":60,"age_seconds":1`, "buses",
		Observation{WaitSeconds: 60, AgeSeconds: 1, LanesOpen: 2, ServiceRate: 9_999_999_999, State: OpenState})
	f(`,"queue":"","state":""`, "", nothing)
	f(`,"vehicles":12.0,"wait_seconds":6e1`, "", Observation{Vehicles: 12, WaitSeconds: 60, AgeSeconds: Unknown, LanesOpen: Unknown, ServiceRate: Unknown})
	f(`,"queue":1`, `invalid_field: data.queue "1"`, nothing)
	f(`,"state":"Paused"`, `invalid_field: data.state "Paused"`, nothing)
	f(`,"lanes_open":-1`, `invalid_field: data.lanes_open "-1"`, nothing)
	f(`,"lanes_open":1.5`, `invalid_field: data.lanes_open "1.5"`, nothing)
	f(`,"service_rate":10000000000`, `invalid_field: data.service_rate "10000000000"`, nothing)
}

// TestKeyOfAnEventWithoutEditionIsStable: stored facts have keys, so a key never changes.
func TestKeyOfAnEventWithoutEditionIsStable(t *testing.T) {
	if key := KeyOf([]byte("/post"), []byte("1"), 0); key != xxhash.Sum64String("/post\x001") {
		t.Errorf("the key is %x", key)
	}
	if key := KeyOf([]byte("/post"), []byte("1"), 12); key != xxhash.Sum64String("/post\x001\xff12") {
		t.Errorf("the key of edition 12 is %x", key)
	}
}

func TestRetractionNamesAnEdition(t *testing.T) {
	d := NewDecoder(testVocabulary(t), 5*time.Minute)
	retraction := strings.NewReplacer("truck.arrived", "event.retracted", `"id":"1"`, `"id":"2","edition":7`, `"lane"`,
		`"id":"1","source":"/post","time":"2026-01-05T08:00:00Z","edition":3,"lane"`).Replace(arrived)
	var e Event
	if r := d.Decode(message(retraction), &e); r != nil {
		t.Fatal(r)
	}
	if e.Edition != 7 || e.RetractedEdition != 3 || e.RetractedKey() != KeyOf([]byte("/post"), []byte("1"), 3) {
		t.Errorf("edition %d retracts %d with key %x", e.Edition, e.RetractedEdition, e.RetractedKey())
	}
	binary := &Record{Key: []byte("T1"), Value: []byte(`{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}`), Time: e.Time}
	for name, value := range map[string]string{
		"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/post", "ce_type": "dwell.truck.arrived.v1", "ce_subject": "T1",
		"ce_time": "2026-01-05T08:00:00Z", "ce_edition": "3",
	} {
		binary.Headers = append(binary.Headers, Header{[]byte(name), []byte(value)})
	}
	var arrival Event
	if r := d.Decode(binary, &arrival); r != nil || arrival.Key() != e.RetractedKey() {
		t.Errorf("key %x, rejection %v, want that of the retraction", arrival.Key(), r)
	}
	for _, text := range []string{"1 ", " 1", "0x1", "1e"} {
		spaced := binary.Clone()
		spaced.Headers = append(spaced.Headers, Header{[]byte("ce_edition"), []byte(text)})
		if r := d.Decode(&spaced, &arrival); r == nil || r.Reason != InvalidField {
			t.Errorf("edition %q: %v", text, r)
		}
	}
	binary.Headers = append(binary.Headers, Header{[]byte("ce_edition"), []byte("03")})
	if r := d.Decode(binary, &arrival); r == nil || r.Error() != `invalid_field: edition "03"` {
		t.Errorf("edition 03: %v", r)
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	d := NewDecoder(testVocabulary(t), 5*time.Minute)
	m := message(arrived)
	m.Headers = []Header{{[]byte("content-type"), []byte("application/cloudevents+json")}}
	var e Event
	if n := testing.AllocsPerRun(100, func() {
		d.Reset()
		if r := d.Decode(m, &e); r != nil {
			t.Fatal(r)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecode(b *testing.B) {
	d := NewDecoder(testVocabulary(b), 5*time.Minute)
	m := message(arrived)
	m.Headers = []Header{{[]byte("content-type"), []byte("application/cloudevents+json")}}
	var e Event
	b.SetBytes(int64(len(m.Value)))
	begin := cpu(b)
	for b.Loop() {
		d.Reset()
		if r := d.Decode(m, &e); r != nil {
			b.Fatal(r)
		}
	}
	b.ReportMetric(float64(b.N)/(cpu(b)-begin).Seconds(), "events/cpu-s")
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
