package simulator

import (
	"strconv"

	"dwell/ingest/event"
)

// outbox turns records into events. It reuses its buffers.
type outbox struct {
	event         event.Event
	id, retracted []byte
	lane          []byte
}

func (o *outbox) emission(at int64, r record) Emission {
	subject := r.post.id
	if r.visit != nil {
		subject = r.visit.id
	}
	o.id = r.appendID(o.id[:0], r.kind)
	o.lane = append(o.lane[:0], r.lane...)
	o.event = event.Event{
		Type: r.typ, ID: o.id, Source: r.post.source, Subject: subject, Time: r.time, Recorded: r.recorded,
		BCP: r.post.bcp, Direction: r.direction, Regime: r.regime, Lane: o.lane,
		Observation: event.NoObservation(),
	}
	switch e := &o.event; r.typ {
	case event.ChannelAssigned:
		e.Channel = r.channel
	case event.InspectionCompleted:
		e.Agency, e.Kind, e.Result = r.agency, r.inspection, r.result
	case event.InspectionStarted:
		e.Agency, e.Kind = r.agency, r.inspection
	case event.HoldPlaced, event.HoldLifted:
		e.Agency = r.agency
	case event.QueueObserved:
		e.Vehicles, e.WaitSeconds, e.AgeSeconds, e.State = r.vehicles, r.waits, r.age, r.state
	case event.EventRetracted:
		o.retracted = r.appendID(o.retracted[:0], wrong)
		e.RetractedID, e.RetractedSource, e.RetractedTime = o.retracted, r.post.source, r.wrongTime
	}
	return Emission{At: at, Event: &o.event, Key: subject, AllPartitions: r.typ.OfPlace()}
}

// appendID appends the event's id: the visit and the fact's number in it, or the BCP and what happened there when.
func (r *record) appendID(dst []byte, kind recordKind) []byte {
	if r.visit == nil {
		dst = append(append(dst, r.post.id...), '/')
		dst = append(append(dst, r.typ.String()...), '/')
		dst = strconv.AppendInt(dst, r.time, 10)
		if r.typ == event.QueueObserved {
			return append(append(dst, '/'), r.direction.String()...)
		}
		if r.lane != "" {
			dst = append(append(dst, '/'), r.lane...)
		}
		return dst
	}
	dst = append(append(dst, r.visit.id...), '/')
	dst = strconv.AppendInt(dst, int64(r.serial), 10)
	switch kind {
	case wrong:
		return append(dst, "-wrong"...)
	case retraction:
		return append(dst, "-retracted"...)
	default:
		return dst
	}
}
