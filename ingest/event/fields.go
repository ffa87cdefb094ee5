package event

import "bytes"

// readFields reads the fields that an event of this type has. Others are ignored.
func (d *Decoder) readFields(e *Event) *Rejection {
	f := &d.found
	if r := d.readBCP(e); r != nil {
		return r
	}
	if !f[direction].missing() || e.Type.OfVisit() {
		if r := code("data.direction", &f[direction], ParseDirection, &e.Direction); r != nil {
			return r
		}
	}
	if !f[regime].missing() && e.Type.OfVisit() {
		if r := code("data.regime", &f[regime], ParseRegime, &e.Regime); r != nil {
			return r
		}
	}
	if !f[lane].missing() || e.Type.has(withLane) {
		if r := name("data.lane", &f[lane], &e.Lane); r != nil {
			return r
		}
	}
	if types[e.Type].fields == 0 {
		return nil
	}
	if e.Type.has(withAgency) {
		if r := d.readAgency(e); r != nil {
			return r
		}
	}
	if e.Type.has(withChannel) {
		if r := code("data.channel", &f[channel], ParseChannel, &e.Channel); r != nil {
			return r
		}
	}
	if e.Type.has(withKind) {
		if r := code("data.kind", &f[inspectionKind], ParseInspectionKind, &e.Kind); r != nil {
			return r
		}
	}
	if e.Type.has(withResult) && !f[result].missing() {
		if r := code("data.result", &f[result], ParseResult, &e.Result); r != nil {
			return r
		}
	}
	if e.Type.has(withHold) && !f[hold].missing() {
		if r := name("data.hold", &f[hold], &e.Hold); r != nil {
			return r
		}
	}
	if e.Type.has(withReading) {
		if r := d.readReading(e); r != nil {
			return r
		}
	}
	if e.Type.has(withRetracted) {
		return d.readRetraction(e)
	}
	return nil
}

func (d *Decoder) readBCP(e *Event) *Rejection {
	var id []byte
	if r := name("data.bcp", &d.found[bcp], &id); r != nil {
		return r
	}
	var ok bool
	if e.BCP, ok = d.vocabulary.BCP(id); !ok {
		return reject(UnknownBCP, "data.bcp", id)
	}
	return nil
}

func (d *Decoder) readAgency(e *Event) *Rejection {
	var id []byte
	if r := name("data.agency", &d.found[agency], &id); r != nil {
		return r
	}
	var ok bool
	if e.Agency, ok = d.vocabulary.Agency(id); !ok {
		return reject(UnknownAgency, "data.agency", id)
	}
	return nil
}

func (d *Decoder) readReading(e *Event) *Rejection {
	f := &d.found
	if !f[queueName].missing() {
		if r := name("data.queue", &f[queueName], &e.Queue); r != nil {
			return r
		}
	}
	if !f[queueState].missing() {
		if r := code("data.state", &f[queueState], ParseQueueState, &e.State); r != nil {
			return r
		}
	}
	for _, n := range [...]struct {
		field string
		v     *value
		into  *int64
	}{
		{"data.vehicles", &f[vehicles], &e.Vehicles},
		{"data.wait_seconds", &f[waitSeconds], &e.WaitSeconds},
		{"data.age_seconds", &f[ageSeconds], &e.AgeSeconds},
		{"data.lanes_open", &f[lanesOpen], &e.LanesOpen},
		{"data.service_rate", &f[serviceRate], &e.ServiceRate},
	} {
		if n.v.missing() {
			continue
		}
		if n.v.kind != number {
			return reject(InvalidField, n.field, n.v.text)
		}
		whole, ok := integer(n.v.text, MaxCount)
		if !ok {
			return reject(InvalidField, n.field, n.v.text)
		}
		*n.into = whole
	}
	return nil
}

func (d *Decoder) readRetraction(e *Event) *Rejection {
	f := &d.found
	if r := name("data.id", &f[retractedID], &e.RetractedID); r != nil {
		return r
	}
	if r := name("data.source", &f[retractedSource], &e.RetractedSource); r != nil {
		return r
	}
	if r := readEdition("data.edition", &f[retractedEdition], &e.RetractedEdition); r != nil {
		return r
	}
	e.AboutPlace = string(e.Subject) == d.vocabulary.BCPName(e.BCP)
	if r := instant("data.time", &f[retractedTime], &e.RetractedTime); r != nil {
		return r
	}
	if d.OwnRetractions && !bytes.Equal(e.Source, e.RetractedSource) {
		return reject(ForeignRetraction, "data.source", e.RetractedSource)
	}
	return nil
}

// code reads a word of a fixed list.
func code[T any](field string, v *value, parse func([]byte) (T, bool), into *T) *Rejection {
	if v.missing() {
		return &Rejection{Reason: MissingField, Field: field}
	}
	c, ok := parse(v.text)
	if !ok || v.kind != text {
		return reject(InvalidField, field, v.text)
	}
	*into = c
	return nil
}
