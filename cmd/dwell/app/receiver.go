package app

import (
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/event"
	"dwell/ingest/letters"
	"dwell/ingest/receiver"
	"dwell/ingest/receiver/token"
	"dwell/metrics/prom"
)

// TokensFile is the file of the tokens, empty where nothing can be posted.
func (c *Config) TokensFile() string {
	switch {
	case c.Receiver.TokensFile != "":
		return c.Receiver.TokensFile
	case c.Kafka.Embedded:
		return filepath.Join(c.Data, "tokens.json")
	}
	return ""
}

// CheckTokens returns an error if the file of the tokens cannot be used. It returns nil where no such file is configured.
func (c *Config) CheckTokens() error {
	if c.TokensFile() == "" {
		return nil
	}
	_, err := token.Read(c.TokensFile())
	return err
}

// receiver makes what takes posted events, nil where nothing can be posted.
func (s *System) receiver(reg prometheus.Registerer, now func() time.Time) *receiver.Receiver {
	file := s.Config.TokensFile()
	if file == "" {
		return nil
	}
	return receiver.New(s.Config.Receiver, receiver.Parts{
		Vocabulary: s.Vocabulary, Decoder: func() *event.Decoder { return s.Config.Engine.Decoder(s.Vocabulary) }, Now: now,
		Places: s.Book.Places, Annotations: s.Store, Tokens: token.Open(file), Log: s.Producer, Refused: letters.Writer{Topic: s.Producer, Table: s.Store},
		Observer: prom.NewPosts[receiver.Outcome](reg), Logger: s.Log,
	})
}
