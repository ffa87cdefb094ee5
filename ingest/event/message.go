package event

// Message is one Kafka record, as far as an event can be read from it.
type Message struct {
	Key, Value []byte
	Headers    []Header
	// Time is the record's own timestamp in Unix milliseconds.
	Time int64
}

// Header is one header of a record.
type Header struct{ Key, Value []byte }

// header returns the last header of this name, nil where there is none.
func (m *Message) header(name string) []byte {
	for i := len(m.Headers) - 1; i >= 0; i-- {
		if string(m.Headers[i].Key) == name {
			return m.Headers[i].Value
		}
	}
	return nil
}

// EverywhereHeader marks a record of which every partition has a copy.
const EverywhereHeader = "dwell-everywhere"

// Everywhere says whether every partition has a copy of the record.
func (m *Message) Everywhere() bool { return m.header(EverywhereHeader) != nil }
