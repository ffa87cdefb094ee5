package main

import "testing"

func TestOnlyReadingIsRunUnasked(t *testing.T) {
	for statement, want := range map[string]bool{
		"SELECT 1": true, "  (select 1)": true, "WITH 1 AS x SELECT x": true, "FROM visits SELECT count()": true, "SHOW TABLES": true,
		"-- DROP TABLE visits\nSELECT 1": true, "/* one\n two */ DESC visits": true, "#! x\nEXISTS visits": true, "SELECT 'DROP TABLE visits'": true,
		"DROP DATABASE dwell": false, "/* SELECT */ drop table visits": false, "-- SELECT\nTRUNCATE TABLE events": false, "ALTER TABLE visits DELETE WHERE 1": false,
		"INSERT INTO visits SELECT * FROM visits": false, "WITH x AS (SELECT 1)\ninsert\ninto visits SELECT * FROM x": false, "OPTIMIZE TABLE visits FINAL": false,
		"RENAME TABLE visits TO x": false, "SELECTED": false, "": false, "-- SELECT": false,
	} {
		if got := reads(statement); got != want {
			t.Errorf("%q reads: %v", statement, got)
		}
	}
}
