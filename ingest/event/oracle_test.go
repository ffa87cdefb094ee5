package event

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"
)

// TestCloudEventsSDKReadsAndWritesTheSameEvents sends every event through CloudEvents' own library and back: what
// dwell writes the library takes as valid, and what the library makes of it, in either mode, is the same event.
func TestCloudEventsSDKReadsAndWritesTheSameEvents(t *testing.T) {
	v := testVocabulary(t)
	for _, typ := range Types() {
		rapid.Check(t, func(t *rapid.T) {
			e := anyEvent(v, typ).Draw(t, "event")
			e.ID = append([]byte("1"), e.ID...) // the library takes a name of spaces alone for none
			if string(e.Subject) != v.BCPName(e.BCP) {
				e.Subject = append([]byte("T"), e.Subject...)
			}
			e.Source = []byte(rapid.StringMatching(`(/[a-z0-9.-]{1,8}){1,3}`).Draw(t, "a source that is a URI reference"))
			var sdk cloudevents.Event
			if err := json.Unmarshal(AppendStructured(nil, v, &e), &sdk); err != nil {
				t.Fatal(err)
			}
			if err := sdk.Validate(); err != nil {
				t.Fatal(err)
			}
			if sdk.ID() != string(e.ID) || sdk.Source() != string(e.Source) || sdk.Type() != typ.Wire() ||
				sdk.Subject() != string(e.Subject) || sdk.Time().UnixMilli() != e.Time {
				t.Fatalf("the library reads %v, written was %+v", sdk, e)
			}
			written, err := json.Marshal(sdk)
			if err != nil {
				t.Fatal(err)
			}
			e.Data = sdk.Data()
			comesBack(t, v, &e, &Record{Key: e.Subject, Value: written, Time: e.Time})

			headers := map[string]string{
				"ce_specversion": sdk.SpecVersion(), "ce_id": sdk.ID(), "ce_source": sdk.Source(), "ce_type": sdk.Type(),
				"ce_subject": sdk.Subject(), "ce_time": sdk.Time().Format(time.RFC3339Nano), "content-type": "application/json",
			}
			for name, value := range sdk.Extensions() {
				headers["ce_"+name] = fmt.Sprint(value)
			}
			binary := &Record{Key: e.Subject, Value: sdk.Data(), Time: e.Time}
			for name, value := range headers {
				binary.Headers = append(binary.Headers, Header{[]byte(name), []byte(value)})
			}
			comesBack(t, v, &e, binary)
		})
	}
}

// comesBack decodes a message and wants the event.
func comesBack(t *rapid.T, v *Vocabulary, want *Event, m *Record) {
	t.Helper()
	var got Event
	if r := NewDecoder(v, time.Minute).Decode(m, &got); r != nil {
		t.Fatalf("%s: %s", r, m.Value)
	}
	if !equal(&got, want) {
		t.Fatalf("%s\n got %+v\nwant %+v", m.Value, got, *want)
	}
}
