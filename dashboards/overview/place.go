package overview

import "dwell/ingest/place"

// PlaceDocument is what the places file says of a BCP. The overview has it and the API's list of places; the hub sends it in
// snapshots alone, since it does not change while the program runs.
type PlaceDocument struct {
	ID       string            `json:"id"`
	Names    map[string]string `json:"names"`
	TimeZone string            `json:"time_zone"`
	// Neighbour and Position are null where the places file does not have them.
	Neighbour *Neighbour `json:"neighbour"`
	Position  *Position  `json:"position"`
	// Capacity is how many trucks the BCP has room for; null as these.
	Capacity *int `json:"capacity"`
}

// PlaceDocumentOf makes the document of a place.
func PlaceDocumentOf(p *place.Place) PlaceDocument {
	d := PlaceDocument{ID: p.ID, Names: p.Names, TimeZone: p.Zone.String(), Position: (*Position)(p.Position)}
	if n := p.Neighbour; n != nil {
		d.Neighbour = &Neighbour{ID: n.ID, Names: n.Names}
		if n.Country != "" {
			d.Neighbour.Country = &n.Country
		}
	}
	if p.Capacity > 0 {
		d.Capacity = &p.Capacity
	}
	return d
}

// Neighbour is the BCP on the far side.
type Neighbour struct {
	ID    string            `json:"id"`
	Names map[string]string `json:"names"`
	// Country is null where neither the places file nor the id says it.
	Country *string `json:"country"`
}

// Position is in degrees north and east.
type Position struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}
