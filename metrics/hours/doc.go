// Package hours knows when a border crossing point (BCP) was open, from its calendar and from what was told of it.
//
// The calendar of the places file says when a BCP is open as a rule. Facts go before it (bcp.opened, bcp.closed; one
// without a direction is of both):
//
//	a closing  holds until the next opening is told, however many mornings go by;
//	an opening holds until the calendar closes, or longer: until the closing that is told after that and before the
//	           calendar opens again.
//
// So a post that tells every opening and closing is believed to the millisecond, overtime included; one that tells
// only of a blockade has its calendar back when the blockade is over; and a closing that was lost costs no more than
// the calendar's own. Of simultaneous facts the closing goes last.
//
// It promises that a BCP's facts are a set: in any order, with any repetition, they give the same hours, and a
// retraction removes its fact whichever of the two came first. It refuses to take lanes, inspections or a silence for
// an opening or a closing.
//
// The package is pure: no I/O, no clock, no logger.
package hours
