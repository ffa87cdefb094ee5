package event

import (
	"slices"
	"testing"
)

func names(r *Record) (all []string) {
	for _, h := range r.Headers {
		all = append(all, string(h.Key))
	}
	return all
}

func TestEveryPartitionMarkLeavesSharedHeadersUnchanged(t *testing.T) {
	shared := append(make([]Header, 0, 8), Header{Key: []byte("a")}, Header{Key: []byte("b")})
	first, second := Record{Headers: shared}, Record{Headers: shared}
	first.SetAllPartitions(true)
	first.SetAllPartitions(true)
	second.SetAllPartitions(false)
	if got, want := names(&first), []string{"a", "b", AllPartitionsHeader}; !slices.Equal(got, want) || !first.AllPartitions() {
		t.Errorf("the marked record has the headers %q, want %q", got, want)
	}
	copied := first
	copied.SetAllPartitions(false)
	if got, want := names(&copied), []string{"a", "b"}; !slices.Equal(got, want) || copied.AllPartitions() || !first.AllPartitions() {
		t.Errorf("without the mark the headers are %q, want %q", got, want)
	}
	if got := names(&Record{Headers: shared[:3]})[2]; got != "" {
		t.Errorf("the header %q was written behind those that both records share", got)
	}
}

func TestClonedRecordKeepsBytesAndNilFields(t *testing.T) {
	r := Record{Offset: 7, Time: 5, Value: []byte("{}"), Headers: []Header{{Key: []byte("a"), Value: []byte{}}, {Key: []byte("b")}}}
	c := r.Clone()
	r.Value[0], r.Headers[0].Key[0] = 'x', 'x'
	if c.Offset != 7 || c.Time != 5 || c.Key != nil || string(c.Value) != "{}" || string(c.Headers[0].Key) != "a" {
		t.Errorf("the clone is %+v", c)
	}
	if c.Headers[0].Value == nil || c.Headers[1].Value != nil {
		t.Error("an empty header value and an absent one became the same")
	}
}
