package audit

import (
	"reflect"
	"testing"
)

func TestRangesCoverAllTimeAndBucketsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name   string
		months []month
		want   []timeRange
	}{
		{"no months", nil, []timeRange{{buckets: 1}}},
		{"one small month", []month{{100, 5}}, []timeRange{{buckets: 1}}},
		{"small months are joined", []month{{100, 5}, {200, 5}, {300, 5}}, []timeRange{{0, 300, 2}, {300, 0, 1}}},
		{"a large month is divided into buckets", []month{{100, 5}, {200, 95}, {300, 5}}, []timeRange{{0, 200, 1}, {200, 300, 10}, {300, 0, 1}}},
	} {
		if got := rangesOf(c.months, 10); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
