package event

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const everything = `{"bcp":"AF-NAN-TORKHAM","direction":"outbound","channel":"red","regime":"export","agency":"customs",` +
	`"kind":"scan","result":"conformant","lane":"é\"\ud83d\ude00","hold":"H\u0031","vehicles":7,"wait_seconds":0,"age_seconds":12,` +
	`"queue":"at least 7.5 t","lanes_open":2,"service_rate":31,"state":"paused",` +
	`"id":"1","edition":2147483647,"source":"/s","time":"2026-01-05T08:00:00.5+04:30","x":[1,{"y":null},-1.5e-9]}`

// half may be half a surrogate pair.
var half = regexp.MustCompile(`\\u[dD][89a-fA-F]`)

// FuzzStructured compares the decoder with the reference in structured mode.
func FuzzStructured(f *testing.F) {
	const kept = "content-type: application/cloudevents+json"
	f.Add(kept, []byte("T1"), []byte(arrived))
	f.Add("content-type: application/json; charset=utf-8", []byte("T1"), []byte(arrived))
	f.Add("", []byte("T1"), []byte(strings.Replace(arrived, `"specversion"`, `"datacontenttype":"Application/JSON ;x","specversion"`, 1)))
	f.Add("content-type: text/plain", []byte("T1"), []byte(arrived))
	f.Add(kept, []byte("T1"), []byte(strings.Replace(arrived, `"T1"`, `"T\ud800\udbff"`, 1)))
	for _, typ := range Types() {
		for _, subject := range []string{"T1", "AF-NAN-TORKHAM"} {
			f.Add(kept, []byte(subject), []byte(`{"data":`+everything+`,"specversion":"1.0","id":"1","source":"/post","type":"`+
				typ.Wire()+`","subject":"`+subject+`","time":"2026-01-05T12:30:00+04:30","edition":3,"recordedtime":"2026-01-05T08:00:00.9999Z"}`))
		}
	}
	f.Fuzz(compare(f))
}

// FuzzBinary compares the decoder with the reference in binary mode.
func FuzzBinary(f *testing.F) {
	for _, typ := range Types() {
		for _, subject := range []string{"T1", "AF-NAN-TORKHAM"} {
			f.Add("ce_specversion: 1.0\nce_id: 1\nce_source: /post\nce_type: "+typ.Wire()+"\nce_subject: "+subject+
				"\nce_time: 2026-01-05T08:00:00.1239Z\nce_edition: 12\nce_recordedtime: 2026-01-05T07:00:00-01:00\ncontent-type: application/json",
				[]byte(subject), []byte(everything))
		}
	}
	f.Fuzz(compare(f))
}

// compare reads one message both ways: by a decoder that knows no gaps, by the same one again, and by one that has the
// gaps of another post. Its headers come as lines; a line without a colon is a header without a value.
func compare(f *testing.F) func(t *testing.T, headers string, key, value []byte) {
	v := testVocabulary(f)
	return func(t *testing.T, headers string, key, value []byte) {
		m := &Record{Key: key, Value: value, Time: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()}
		for line := range strings.SplitSeq(headers, "\n") {
			h := Header{Key: []byte(line)}
			if name, text, ok := strings.Cut(line, ": "); ok {
				h = Header{[]byte(name), []byte(text)}
			}
			m.Headers = append(m.Headers, h)
		}
		ownRetractions := len(key)%2 == 0 // the key says nothing otherwise
		want, reason := reference(v, 5*time.Minute, ownRetractions, m)
		fresh, used := NewDecoder(v, 5*time.Minute), NewDecoder(v, 5*time.Minute)
		fresh.OwnRetractions, used.OwnRetractions = ownRetractions, ownRetractions
		_ = used.Decode(message(arrived), &Event{})
		_ = used.Decode(message(`{"source":"/s","id":"0","data":`+everything+`}`), &Event{})
		for _, d := range []*Decoder{fresh, fresh, used} {
			var why Reason
			var got Event
			if r := d.Decode(m, &got); r != nil {
				why = r.Reason
			}
			switch {
			case why == InvalidField && (!utf8.Valid(value) || half.Match(value)):
				// encoding/json puts U+FFFD for bytes that are not UTF-8, and for half a surrogate pair; in a name they are a fault.
			case why != reason:
				t.Fatalf("decoder %q, reference %q\nheaders %q\nmessage %q", why, reason, headers, value)
			case why == "":
				got.Data = nil
				if !equal(&got, &want) {
					t.Fatalf("headers %q\nmessage %q\ndecoder   %+v\nreference %+v", headers, value, got, want)
				}
			}
		}
	}
}

// FuzzParseInstant compares the parser of times with package time.
func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{
		"2026-01-05T08:00:00Z", "2024-02-29T23:59:59.9999+04:30", "1969-12-31T23:59:59.001-23:59", "0000-03-01T00:00:00Z",
		"2026-01-05 08:00:00z", "2016-12-31t23:59:60.5Z", "2017-01-01T04:29:60+04:30", "2016-12-30T23:59:60Z", "2016-12-31T23:58:60Z",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseInstant([]byte(s))
		want, is := slowInstant(s)
		if ok != is {
			t.Fatalf("%q: read %v, want %v", s, ok, is)
		}
		if ok && got != want.UnixMilli() {
			t.Fatalf("%q: got %d, want %d", s, got, want.UnixMilli())
		}
	})
}
