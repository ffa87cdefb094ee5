package presume

import (
	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// procedure is who has to act by the usual procedure of clearance; NoAgency where it does not say. The order is that of customs clearance in
// the Revised Kyoto Convention: the trader lodges, customs decides on a channel, inspects and releases.
func procedure(r visit.Rules, k Key) event.Agency {
	switch k.Last {
	case event.TruckArrived:
		if k.Channel == event.NoChannel {
			return r.Trader // no declaration is known to be lodged
		}
		return r.Customs
	case event.DeclarationLodged, event.ChannelAssigned, event.InspectionCompleted, event.PaymentConfirmed:
		return r.Customs
	case event.HoldLifted:
		return k.Agency
	case event.ClearanceRefused:
		return r.Carrier
	}
	return event.NoAgency
}
