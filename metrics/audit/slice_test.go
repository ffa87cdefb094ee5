package audit

import (
	"reflect"
	"testing"
)

func TestSlicesCoverAllTimeAndAreBounded(t *testing.T) {
	for _, c := range []struct {
		name   string
		months []month
		want   []slice
	}{
		{"nothing", nil, []slice{{buckets: 1}}},
		{"one small month", []month{{100, 5}}, []slice{{buckets: 1}}},
		{"small months go together", []month{{100, 5}, {200, 5}, {300, 5}}, []slice{{0, 300, 2}, {300, 0, 1}}},
		{"a large month is cut into buckets", []month{{100, 5}, {200, 95}, {300, 5}}, []slice{{0, 200, 1}, {200, 300, 10}, {300, 0, 1}}},
	} {
		if got := slices(c.months, 10); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
