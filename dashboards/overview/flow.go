package overview

import "encoding/json"

// Flow counts trucks in the window, by the measures that the table of measures has in the overview; null where nothing was
// counted and the BCP is unknown. In JSON the counts are members beside the reason: {"arrivals": 4, "releases": 3}.
type Flow struct {
	Counts map[string]*int64 `json:",inline"`
	Reason Reason            `json:"reason,omitempty"`
}

// MarshalJSON writes the counts in the order of their names.
func (f Flow) MarshalJSON() ([]byte, error) {
	members := map[string]any{}
	for name, n := range f.Counts {
		members[name] = n
	}
	if f.Reason != "" {
		members["reason"] = f.Reason
	}
	return json.Marshal(members)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Flow) UnmarshalJSON(data []byte) error {
	var reason struct{ Reason Reason }
	if err := json.Unmarshal(data, &reason); err != nil {
		return err
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	delete(members, "reason")
	f.Counts, f.Reason = map[string]*int64{}, reason.Reason
	for name, text := range members {
		var n *int64
		if err := json.Unmarshal(text, &n); err != nil {
			return err
		}
		f.Counts[name] = n
	}
	return nil
}
