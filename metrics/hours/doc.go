// Package hours knows when a border crossing point (BCP) was open, from its calendar and from reported openings and
// closings.
//
// The calendar of the places file has the regular hours. Facts (bcp.opened, bcp.closed) override it; a fact without a
// direction holds for both:
//
//	a closing  holds until the next reported opening, whatever the calendar says meanwhile;
//	an opening holds until the calendar closes, or longer: until the closing that is reported after that and before the
//	           calendar opens again, unless another opening is reported before.
//
// So a BCP that reports every opening and closing has exactly these hours, overtime included; one that reports only a blockade
// and its end follows its calendar again afterwards; and if a closing is lost, the calendar closes the BCP. Of a simultaneous
// opening and closing, the closing counts, and the opening is as if it had not been reported.
//
// It promises that a BCP's facts are a set: in any order, with any repetition, they give the same hours, and a retraction
// removes its fact whichever of the two came first. It refuses to infer openings or closings from lanes, inspections or
// silence.
//
// The package is pure: no I/O, no clock, no logger.
package hours
