package app

import (
	"log/slog"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/hours"
	"dwell/metrics/presume/learn"
	"dwell/metrics/visit"
)

// presumptions makes the loop that keeps presumed holders for page and metrics. The process for which elected is true learns them; the others read
// what it has stored.
func (s *System) presumptions(elected func() bool, now func() time.Time, log *slog.Logger) *learn.Loop {
	return &learn.Loop{
		Store: s.Store, Vocabulary: s.Vocabulary, Hours: s.hoursNow, Elected: elected, Put: s.Source.Presume, Now: now, Log: log.With("component", "presumptions"),
	}
}

// hoursNow is when BCPs were open, as far as is known now.
func (s *System) hoursNow() visit.Hours {
	all := hoursOf{nil}
	places := s.border.Overview().Places
	for i := range s.Book.Places {
		if openings := places[1+i].Openings; openings != nil {
			all = append(all, openings.Clone())
		} else {
			all = append(all, hours.New(s.Book.Places[i].Calendar, s.Book.Places[i].Zone))
		}
	}
	return all
}

// hoursOf are the hours by event.BCP.
type hoursOf []*hours.Hours

func (h hoursOf) Closed(b event.BCP, d event.Direction, from, to visit.Time) int64 {
	return h[b].Closed(d, from, to)
}
