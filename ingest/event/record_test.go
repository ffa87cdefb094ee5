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

// Two records of a batch share their headers, and one has been forwarded before, from elsewhere.
func TestForwardedCopySaysWhereTheOriginalLies(t *testing.T) {
	shared := append(make([]Header, 0, 8), Header{Key: []byte("a")}, Header{Key: []byte(ForwardedHeader)}, Header{Key: []byte(ForwardedHeader), Value: []byte("x")})
	first, second := Record{Offset: 1204, Headers: shared}, Record{Offset: 7, Headers: shared}
	if first.Forwarded() != nil {
		t.Errorf("%q was forwarded from %q", first.Headers, first.Forwarded())
	}
	first.SetForwarded(3)
	second.SetForwarded(0)
	for r, want := range map[*Record]string{&first: "3/1204", &second: "0/7"} {
		if got := names(r); string(r.Forwarded()) != want || !slices.Equal(got, []string{"a", ForwardedHeader}) {
			t.Errorf("the copy has the headers %q and was forwarded from %q, want %q", got, r.Forwarded(), want)
		}
	}
	if got := names(&Record{Headers: shared}); len(got) != 3 {
		t.Errorf("the shared headers have become %q", got)
	}
	if first.RemoveForwarded(); first.Forwarded() != nil || len(first.Headers) != 1 {
		t.Errorf("the headers are %q", first.Headers)
	}
}
