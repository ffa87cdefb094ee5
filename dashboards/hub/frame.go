package hub

import (
	"bytes"
	"encoding/json"
	"sync"
	"time"

	"dwell/dashboards/overview"
)

// Frame is one message to viewers, made once. JSON is a Snapshot or Changes.
type Frame struct {
	// Number is the one that the viewer has after the frame.
	Number uint64
	JSON   []byte

	once    sync.Once
	encoded any
	err     error
}

// Encoded is the frame as a transport sends it. The first call makes it, with encode, for all viewers, so that each is given what
// was framed and compressed once; every call must be given the same function.
func (f *Frame) Encoded(encode func(json []byte) (any, error)) (any, error) {
	f.once.Do(func() { f.encoded, f.err = encode(f.JSON) })
	return f.encoded, f.err
}

// head is what every frame begins with.
type head struct {
	Kind   string `json:"kind"`
	Stream string `json:"stream"`
	Number uint64 `json:"number"`
	// Source is "ok", or "failing" while the overview cannot be read again.
	Source string `json:"source"`
}

// Snapshot is the whole overview; null before it was ever read.
type Snapshot struct {
	head
	// Page is the version of the server's page: one of another version loads that.
	Page     string             `json:"page,omitempty"`
	Overview *overview.Overview `json:"overview"`
}

// Changes is what differs from the overview at number Since. Each of Places has the id and the sections that changed, whole;
// of the section trend only the hours that changed.
type Changes struct {
	head
	Since      uint64     `json:"since"`
	Time       time.Time  `json:"time"`
	AsOf       *time.Time `json:"as_of"`
	FinalUntil *time.Time `json:"final_until"`
	overview.Health
	Total  *overview.Total              `json:"total,omitempty"`
	Places []map[string]json.RawMessage `json:"places"`
}

// fields are the sections of an overview as they are sent.
type fields struct {
	total  []byte
	places []map[string]json.RawMessage
	// hours are those of each BCP's trend.
	hours [][]json.RawMessage
}

const (
	idSection    = "id"
	trendSection = "trend"
)

func fieldsOf(b *overview.Overview) (*fields, error) {
	f := &fields{}
	var err error
	if f.total, err = json.Marshal(b.Total); err != nil {
		return nil, err
	}
	all, err := json.Marshal(b.Places)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(all, &f.places); err != nil {
		return nil, err
	}
	f.hours = make([][]json.RawMessage, len(f.places))
	for i, bcp := range f.places {
		if err := json.Unmarshal(bcp[trendSection], &f.hours[i]); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// touched is what one frame changed.
type touched struct {
	// everything says that the change cannot be expressed by sections.
	everything bool
	total      bool
	// places has the changed sections by index; hours the changed hours of the trend.
	places map[int]map[string]bool
	hours  map[int]map[int]bool
}

func touchedBetween(a, b *fields) touched {
	t := touched{places: map[int]map[string]bool{}, hours: map[int]map[int]bool{}}
	switch {
	case a == b:
		return t
	case a == nil || b == nil || len(a.places) != len(b.places):
		t.everything = true
		return t
	}
	t.total = !bytes.Equal(a.total, b.total)
	for i, bcp := range b.places {
		for section, value := range bcp {
			if bytes.Equal(value, a.places[i][section]) {
				continue
			}
			if t.places[i] == nil {
				t.places[i] = map[string]bool{}
			}
			t.places[i][section] = true
		}
		if t.places[i][trendSection] {
			t.hours[i] = changedHours(a.hours[i], b.hours[i])
		}
	}
	return t
}

// changedHours are the indices in b of hours that are not in a; every hour says its start.
func changedHours(a, b []json.RawMessage) map[int]bool {
	had := make(map[string]bool, len(a))
	for _, hour := range a {
		had[string(hour)] = true
	}
	changed := map[int]bool{}
	for i, hour := range b {
		if !had[string(hour)] {
			changed[i] = true
		}
	}
	return changed
}

// merge adds what a later frame touched. Hours are kept by index, which shifts when an hour ends: then the whole trend
// counts as touched.
func (t *touched) merge(o touched) {
	t.everything = t.everything || o.everything
	t.total = t.total || o.total
	for i, sections := range o.places {
		if t.places[i] == nil {
			t.places[i] = map[string]bool{}
		}
		for s := range sections {
			t.places[i][s] = true
		}
	}
}

func (h *Hub) head(s *state, kind string) head {
	source := "ok"
	if s.failing {
		source = "failing"
	}
	return head{Kind: kind, Stream: h.stream, Number: s.number, Source: source}
}

func frame(number uint64, v any) (*Frame, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &Frame{Number: number, JSON: data}, nil
}

// snapshotOf is the frame of the whole overview. The caller holds mu.
func (h *Hub) snapshotOf(s *state) (_ *Frame, err error) {
	if s.snapshot == nil {
		s.snapshot, err = frame(s.number, Snapshot{head: h.head(s, "snapshot"), Page: h.cfg.Page, Overview: s.overview})
	}
	return s.snapshot, err
}

// changesSince is the frame that leads from number to s; the snapshot if number is not remembered. The caller holds mu.
func (h *Hub) changesSince(s *state, number uint64) (*Frame, error) {
	if number > s.number || s.number-number > uint64(len(s.history)) || s.fields == nil {
		return h.snapshotOf(s)
	}
	if f := s.catchUp[number]; f != nil {
		return f, nil
	}
	missed := s.history[len(s.history)-int(s.number-number):]
	all := touched{places: map[int]map[string]bool{}}
	for _, t := range missed {
		all.merge(t)
	}
	if all.everything {
		return h.snapshotOf(s)
	}
	c := Changes{
		head: h.head(s, "changes"), Since: number, Time: s.overview.Time, AsOf: s.overview.AsOf,
		FinalUntil: s.overview.FinalUntil, Health: s.overview.Health, Places: []map[string]json.RawMessage{},
	}
	if all.total {
		c.Total = &s.overview.Total
	}
	for i, bcp := range s.fields.places {
		if len(all.places[i]) == 0 {
			continue
		}
		change := map[string]json.RawMessage{idSection: bcp[idSection]}
		for section := range all.places[i] {
			change[section] = bcp[section]
		}
		if len(missed) == 1 && all.places[i][trendSection] {
			var err error
			if change[trendSection], err = s.fields.someHours(i, missed[0].hours[i]); err != nil {
				return nil, err
			}
		}
		c.Places = append(c.Places, change)
	}
	f, err := frame(s.number, c)
	if err == nil {
		s.catchUp[number] = f
	}
	return f, err
}

func (f *fields) someHours(bcp int, changed map[int]bool) (json.RawMessage, error) {
	hours := []json.RawMessage{}
	for i, hour := range f.hours[bcp] {
		if changed[i] {
			hours = append(hours, hour)
		}
	}
	return json.Marshal(hours)
}
