package api

import "dwell/dashboards/overview"

// statistics asks what the numbers of Torkham mean, of which too little is known.
func (o *office) statistics() {
	o.t.Helper()
	var usual overview.UsualWeek
	o.get("/places/"+torkham+"/usual?direction=inbound", &usual)
	if len(usual.Measures) == 0 || usual.Measures[0].Measure != "inside" || usual.Measures[0].Reason != overview.NotLearned || usual.Measures[0].Median != nil || len(usual.Windows) != 4 {
		o.t.Errorf("%+v", usual)
	}
	o.get("/places/"+torkham+"/usual?measure=arrivals", &usual)
	if len(usual.Measures) != 1 || usual.Measures[0].Measure != "arrivals" {
		o.t.Errorf("%+v", usual)
	}
	var reliability overview.Reliability
	o.get("/places/"+torkham+"/reliability?direction=inbound&measure=crossing_time", &reliability)
	if reliability.Measure != "crossing_time" || reliability.Statistic != "p50" || reliability.TargetSeconds != nil || reliability.WithinTarget != nil || reliability.Allow.P95Seconds != nil {
		o.t.Errorf("%+v", reliability)
	}
	o.get("/places/"+torkham+"/reliability", &reliability)
	o.exec("INSERT INTO annotations (id, written, kind, bcp, begins, text, author) VALUES ('c1', '2026-01-05 08:00:00', 'closure', '%s', '2026-01-05 06:30:00', 'protest', 'Ahmad')", torkham)
	o.exec("INSERT INTO annotations (id, written, kind, begins, ends, text, author) VALUES ('h1', '2026-01-05 08:00:00', 'holiday', '2026-03-20 19:30:00', '2026-03-21 19:30:00', 'Nowruz', 'Zahra')")
	var annotated overview.Annotations
	o.get("/annotations?from=2026-03-21T19:30:00Z", &annotated)
	if len(annotated.Annotations) != 1 || annotated.Annotations[0].ID != "c1" || *annotated.Annotations[0].Place != torkham || annotated.Annotations[0].Until != nil || annotated.Place != nil {
		o.t.Errorf("%+v", annotated)
	}
	o.get("/annotations?place=AF-KAN-SPINBOLDAK", &annotated)
	if len(annotated.Annotations) != 1 || annotated.Annotations[0].ID != "h1" || annotated.Annotations[0].Place != nil || annotated.Annotations[0].Until.Day() != 21 {
		o.t.Errorf("%+v", annotated)
	}
}
