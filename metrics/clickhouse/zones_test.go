package clickhouse

import (
	"slices"
	"testing"
)

func TestZonesThatClickHouseDoesNotKnowAreNamed(t *testing.T) {
	cfg := fresh(t)
	zones := []string{"UTC", "right/Europe/Kyiv", "Asia/Kabul", "America/St_Johns", "asia/kabul", "asia/kabul", "Etc/GMT-4"}
	want := []string{"asia/kabul", "right/Europe/Kyiv"}
	if got, err := FindUnknownZones(t.Context(), cfg, zones); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, not %q", got, err, want)
	}
	s := open(t, cfg, vocabulary(t))
	if got, err := s.UnknownZones(t.Context(), zones[:1]); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
}
