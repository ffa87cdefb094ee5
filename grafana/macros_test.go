package grafana_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// macro is what Grafana, or a plugin of its, puts in the place of something in a query. In groups, $1 is the argument.
type macro struct{ pattern, with string }

// Both tables are the whole of what the dashboards may use; what is not here fails a test. Chosen are both BCPs and both
// directions, and the time from ten days ago on.

// clickhouseMacros follow pkg/macros of grafana/clickhouse-datasource 4 and Grafana's format "singlequote".
func clickhouseMacros(now time.Time) []macro {
	from, to := fmt.Sprintf("toDateTime(%d)", now.Add(-10*24*time.Hour).Unix()), fmt.Sprintf("toDateTime(%d)", now.Add(time.Minute).Unix())
	return []macro{
		{`\$__timeFilter\(([^)]*)\)`, "$1 >= " + from + " AND $1 <= " + to},
		{`\$__fromTime\b`, from},
		{`\$__toTime\b`, to},
		{`\$\{bcp:singlequote\}`, `'TORKHAM','O.NEILL'`},
		{`\$\{direction:singlequote\}`, `'inbound','outbound'`},
	}
}

// prometheusMacros follow Grafana's data source for Prometheus, which writes several values as a regular expression.
var prometheusMacros = []macro{
	{`\$bcp\b`, "(TORKHAM|O[.]NEILL)"},
	{`\$direction\b`, "(inbound|outbound)"},
	{`\$__rate_interval\b`, "1m"},
	{`\$__range\b`, "1h"},
}

func fill(t *testing.T, text string, macros []macro) string {
	t.Helper()
	filled := text
	for _, m := range macros {
		filled = regexp.MustCompile(m.pattern).ReplaceAllString(filled, m.with)
	}
	if at := strings.IndexByte(filled, '$'); at >= 0 {
		t.Fatalf("a macro or variable that the test does not know: %q", filled[at:])
	}
	return filled
}
