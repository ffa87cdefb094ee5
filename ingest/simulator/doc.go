// Package simulator plays border crossing points (BCPs) truck by truck and tells what happened twice: as the events that
// the agencies there would send, in the order in which they reach Kafka, and as the truth.
//
// It promises that the same configuration and seed give the same events and the same truth; that the truth is written
// down while it happens, by the process that makes it happen, and never derived from events; that a fault changes what
// is told and not what happened; and that memory is bounded by the trucks inside and the events under way, so a run may
// be endless. It refuses to be a forecast: where no figure is published its parameters are assumed, and say so
// (calibration.yaml).
//
// # What a truck does
//
// A truck follows a plan that is drawn when it sets out: gate (border police), declaration (trader), channel (customs),
// inspections by channel and goods, holds, payment (trader), release or refusal (customs), departure (carrier). It does
// one thing after the other, so while it waits it is known whom it waits for. Inspections may be joint, so that a second
// agency begins before the first has ended; the truck is in the hands of the first until that one is done. A hold may be
// joined by another, and interrupted by an inspection. Declarations may be lodged before arrival, payments be confirmed
// during an inspection or, in the blue channel, after departure, and a weighbridge may be passed after release.
//
// Lanes serve first come, first served, while the BCP is open; at night an always-open BCP works half its lanes. Customs
// decides while the BCP is open. A far side that blocks holds outbound trucks in the BCP and inbound trucks on its own
// ground, which then come as a wave.
//
// The package is pure: no I/O, no wall clock, no global source of chance.
package simulator
