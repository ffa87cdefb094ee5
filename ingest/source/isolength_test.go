package source

import "testing"

// A web service publishes its waits as ISO 8601 writes them.
func TestDurationsOfISO8601(t *testing.T) {
	for text, want := range map[string]float64{
		"PT1H30M": 5400, "PT45S": 45, "PT0S": 0, "P1DT2H": 26 * 3600, "P2D": 2 * 86400, "P1W": 7 * 86400, "PT90M": 5400, "PT1M0.5S": 60.5, "PT1,5S": 1.5, "PT36H": 36 * 3600,
	} {
		if got, ok := isoSeconds(text); !ok || got != want {
			t.Errorf("%s is %v s, %t, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"P", "PT", "P1DT", "P1M", "P1Y", "PT1H30", "PT30M1H", "1H30M", "PT-1H", "-PT1H", "PT1.5H", "", "P1D2H"} {
		if got, ok := isoSeconds(text); ok {
			t.Errorf("%q is %v s", text, got)
		}
	}
}
