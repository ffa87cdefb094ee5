// Package simulator simulates border crossing points (BCPs) truck by truck, and emits both the events that the agencies
// there would send, in the order in which they reach Kafka, and the truth.
//
// It promises that the same configuration and seed give the same events and the same truth; that the truth is recorded by
// the simulated process itself, and never derived from events; that a fault or an outage changes the events and not the truth; and that
// memory is bounded by the trucks inside and the events in flight, so a run may be endless. It refuses to be a forecast:
// where no figure is published its parameters are assumed, and marked so (calibration.yaml).
//
// # What a truck does
//
// A truck follows a plan that is drawn when it sets out: gate (border police), declaration (trader), channel (customs),
// inspections by channel and goods, holds, payment (trader), release or refusal (customs), departure (carrier). It takes one
// step at a time, so it always waits for one known party. Inspections may be joint, so that a second agency begins before
// the first has ended; the truck is in the hands of the first until that one is done. A hold may be joined by another, and
// interrupted by an inspection. Declarations may be lodged before arrival, payments be confirmed during an inspection or, in
// the blue channel, after departure, and a weighbridge may be passed after release.
//
// Lanes serve first come, first served, while the BCP is open; at night an always-open BCP works half its lanes. Customs
// decides while the BCP is open. A far side that blocks holds outbound trucks in the BCP and inbound trucks on its own
// ground, which then come as a wave.
//
// # What a scenario does
//
// A [Scenario] has what statistics have to find, or must not be fooled by: interventions, outages of instruments, holidays, and
// days that differ more or less. All but an outage change the truth. Without one a seed gives the same events in each version.
// Arrivals that a scenario changes are planned a day ahead: they come at the planned rate, also of trucks that declare ahead, and
// neither they nor what a truck is to do depend on how the BCP works. So two runs with a [Variation], which may be empty, can
// be compared truck by truck when they differ in service, lanes or outages.
//
// [Truths] and [Tally] play the same without events, a truck at a time or counted by step.
//
// The package is pure: no I/O, no wall clock, no global random source.
package simulator
