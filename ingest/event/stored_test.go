package event

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// An event of any type comes in with white space and an unknown member in its data. It is kept as a row, and its record is made of that
// again: whatever decodes the record finds the same event, with its data byte for byte.
func TestRecordOfAStoredEventGivesTheSameEvent(t *testing.T) {
	v := testVocabulary(t)
	for _, typ := range Types() {
		rapid.Check(t, func(t *rapid.T) {
			e := anyEvent(v, typ).Draw(t, "event")
			e.Data = fmt.Appendf(nil, "{ \"note\" : \"<\\u00e9>\",\n %s", AppendData(nil, v, &e)[1:])
			row := Stored{
				Type: e.Type.String(), ID: string(e.ID), Source: string(e.Source), Subject: string(e.Subject), Edition: e.Edition,
				Time: e.Time, Recorded: e.Recorded, BCP: v.BCPName(e.BCP), Data: string(e.Data),
				Forwarded: rapid.SampledFrom([]string{"", "3/1204"}).Draw(t, "forwarded"),
			}
			e.Forwarded = row.Forwarded != ""
			r := row.Record(e.Time)
			var got Event
			if why := NewDecoder(v, time.Minute).Decode(&r, &got); why != nil {
				t.Fatalf("%s: %v", r.Value, why)
			}
			if !equal(&e, &got) {
				t.Fatalf("kept as %+v\ngot  %+v\nwant %+v", row, got, e)
			}
			if r.AllPartitions() != e.OfPlace() {
				t.Fatalf("the record is for all partitions: %v, the event is of a place: %v", r.AllPartitions(), e.OfPlace())
			}
		})
	}
}
