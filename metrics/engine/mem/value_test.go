package mem

import "testing"

func TestValueDistinguishesEmptySingleAndMulti(t *testing.T) {
	for _, v := range []Value{Empty, 0, 1, 1<<63 - 1} {
		if r, ok := v.Multi(); ok {
			t.Errorf("%d is a multi-value, at %d", v, r)
		}
	}
	for _, r := range []Ref{1, 2, 1<<32 - 1} {
		if got, ok := MultiValue(r).Multi(); got != r || !ok {
			t.Errorf("the multi-value at %d is found at %d (%v)", r, got, ok)
		}
	}
}
