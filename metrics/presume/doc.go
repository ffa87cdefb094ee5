// Package presume names the holder that a waiting truck presumably has.
//
// A wait is charged to the holder that ends it, so the holder of a truck that still waits is not known yet. The presumed holder is learned from
// finished visits: of waits that began alike (Key) and lasted as long as this one has, to whom the time was charged in the end. Where too few
// are known at the BCP, those of all BCPs say it, then those whichever agencies had inspected the truck, and then the procedure (procedure.go).
// The third step is not in NUMBERS: it is right in 87 to 89 % of the waiting time of three simulated borders, without it 86 to 87 %.
//
// One truck does not say who has the others: what a wait weighs is bounded (Stretch), and a presumed holder had trucks of several visits (Several).
// A truck that stood for years, by a wrong year in one event, had decided it for all trucks of its age, at all BCPs.
//
// It promises that a presumption comes with its share of the time, the second holder and the number of waits that it was learned from, that
// the same visits in any order give the same presumptions, and that a presumption is scored against what came of the wait (Record). It
// refuses to presume anything of a truck whose visit is not sound, and to charge time: windows and visits never hold a presumed holder.
//
// The package is pure: no I/O, no clock, no logger.
package presume
