package event

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendStructured appends the event as a structured CloudEvent, the form in which dwell itself writes. The event's
// fields are written; its Data is ignored. Decoding gives the same event again, except for Data.
func AppendStructured(dst []byte, v *Vocabulary, e *Event) []byte {
	dst = append(dst, `{"specversion":"1.0","id":`...)
	dst = appendString(dst, e.ID)
	dst = append(dst, `,"source":`...)
	dst = appendString(dst, e.Source)
	dst = append(dst, `,"type":"dwell.`...)
	dst = append(dst, e.Type.String()...)
	dst = append(dst, `.v1","subject":`...)
	dst = appendString(dst, e.Subject)
	dst = append(dst, `,"time":`...)
	dst = appendInstant(dst, e.Time)
	if e.Recorded != e.Time {
		dst = append(dst, `,"recordedtime":`...)
		dst = appendInstant(dst, e.Recorded)
	}
	if e.Edition > 0 {
		dst = append(dst, `,"edition":`...)
		dst = strconv.AppendUint(dst, uint64(e.Edition), 10)
	}
	dst = append(dst, `,"data":`...)
	dst = AppendData(dst, v, e)
	return append(dst, '}')
}

// AppendData appends the event's data object.
func AppendData(dst []byte, v *Vocabulary, e *Event) []byte {
	dst = append(dst, `{"bcp":`...)
	dst = appendString(dst, []byte(v.BCPName(e.BCP)))
	for _, f := range [...]struct{ name, code string }{
		{"direction", e.Direction.String()},
		{"channel", e.Channel.String()},
		{"regime", e.Regime.String()},
		{"agency", v.HolderName(e.Agency)},
		{"kind", e.Kind.String()},
		{"result", e.Result.String()},
	} {
		if f.code != "" {
			dst = appendKey(dst, f.name)
			dst = appendString(dst, []byte(f.code))
		}
	}
	if len(e.Lane) > 0 {
		dst = appendKey(dst, "lane")
		dst = appendString(dst, e.Lane)
	}
	if len(e.Hold) > 0 {
		dst = appendKey(dst, "hold")
		dst = appendString(dst, e.Hold)
	}
	if len(e.Queue) > 0 {
		dst = appendKey(dst, "queue")
		dst = appendString(dst, e.Queue)
	}
	if e.State != UnknownState {
		dst = appendKey(dst, "state")
		dst = appendString(dst, []byte(e.State.String()))
	}
	if e.Type.has(withReading) {
		for _, n := range [...]struct {
			name  string
			value int64
		}{
			{"vehicles", e.Vehicles},
			{"wait_seconds", e.WaitSeconds},
			{"age_seconds", e.AgeSeconds},
			{"lanes_open", e.LanesOpen},
			{"service_rate", e.ServiceRate},
		} {
			if n.value != Unknown {
				dst = appendKey(dst, n.name)
				dst = strconv.AppendInt(dst, n.value, 10)
			}
		}
	}
	if e.Type.has(withRetracted) {
		dst = appendKey(dst, "id")
		dst = appendString(dst, e.RetractedID)
		dst = appendKey(dst, "source")
		dst = appendString(dst, e.RetractedSource)
		dst = appendKey(dst, "time")
		dst = appendInstant(dst, e.RetractedTime)
		if e.RetractedEdition > 0 {
			dst = appendKey(dst, "edition")
			dst = strconv.AppendUint(dst, uint64(e.RetractedEdition), 10)
		}
	}
	return append(dst, '}')
}

func appendKey(dst []byte, name string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

func appendInstant(dst []byte, ms int64) []byte {
	dst = append(dst, '"')
	dst = appendTime(dst, ms)
	return append(dst, '"')
}

func appendTime(dst []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < ' ':
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, size := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		}
	}
	return append(dst, '"')
}
