// Package window turns visits into numbers per hour and local day, and per minute where they are asked for.
//
// It promises that windows are additive: a visit adds to them by a pure function of its state (Contributions), a change of
// the visit adds exactly the delta (Changes), and aggregates of hours, shards and BCPs merge by adding. Counts and sums
// are exact; quantiles are within RelativeError. It refuses to know any window that has no contribution: what is absent is
// unknown or none, never a stored zero, until a correction takes a count back to zero.
//
// The package is pure: no I/O, no clock, no logger.
package window
