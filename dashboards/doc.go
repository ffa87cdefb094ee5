// Package dashboards is the last stage: it shows people what the stages before it have written.
//
// It promises to read only: nothing that a viewer does changes a number or slows the writing of one. It promises one
// word for one thing, from the table to the page; that unknown is shown as unknown and never as zero; and that a viewer
// that cannot keep up delays no other. It refuses to compute what a window or a visit does not say.
//
// Data flows query -> hub -> ws -> web, and query -> api:
//
//	overview  what is shown
//	query     reads it from ClickHouse
//	hub       refreshes the overview once for all viewers and numbers its changes
//	ws        /live: a snapshot, then the changes
//	api       /api/v1: the overview, history, visits, readings
//	tabular   writes what api answers as CSV or NDJSON
//	web       the page
package dashboards
