package query

import "dwell/metrics/window"

// windowsOf begins the condition on the windows of a grain, with where they are read from. Minutes come from the visits at
// {bcp:String} that have a fact at or after from, or lapsed since, and one before to; both are SQL of Unix seconds. Where
// measures are named, there may be none of others.
func (s *Source) windowsOf(g window.Grain, from, to string, measures ...string) string {
	if g != window.Minute {
		return s.table("windows") + " FINAL PREWHERE"
	}
	return "(" + window.SQLOfMinutes(s.table("visits"), "bcp = {bcp:String} AND "+
		window.SQLOfFactsDuring("fromUnixTimestamp("+from+")", "fromUnixTimestamp("+to+")")+" AND "+s.present(), measures...) + ") WHERE"
}

// present is the condition on visits that leaves out those that are absent by the retention.
func (s *Source) present() string { return window.SQLOfPresent("`" + s.db + "`") }
