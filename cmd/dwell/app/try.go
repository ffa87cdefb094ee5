package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/ingest/poll"
	"dwell/ingest/source"
)

// Tried is what the document at the address of a source would become now, or what the topic of a source has.
type Tried struct {
	Source  string // its name in the configuration
	Sum     string
	Refused []string // why, of the first records that would be refused
	Err     error    // that the document or the topic cannot be read or used
}

// maxTried is how many refused records of a document are named.
const maxTried = 3

// TryDocuments reads the document of each source that has an address, one after the other. Nothing is imported.
func (c *Config) TryDocuments(ctx context.Context, book *place.Book) (all []Tried) {
	for _, m := range c.polledSources() {
		t := Tried{Source: strings.TrimPrefix(m.Name, "sources.")}
		t.Err = t.read(ctx, m, book)
		all = append(all, t)
	}
	return all
}

func (t *Tried) read(ctx context.Context, m source.Mapping, book *place.Book) error {
	voc, err := book.Vocabulary()
	if err != nil {
		return err
	}
	address, err := poll.Address(m.URL)
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	d, err := poll.New(address, "dwell/"+Version()).Fetch(ctx)
	if err != nil {
		return err
	}
	r, err := source.NewReader(bytes.NewReader(d.Body), []source.Mapping{m}, voc, func(bcp string) *time.Location { return book.Place(bcp).Zone }, time.Now().Add(source.MaxSkew))
	if err != nil {
		return err
	}
	for _, err := range r.Lines() {
		bad, isLine := errors.AsType[*source.LineError](err)
		switch {
		case isLine && len(t.Refused) < maxTried:
			t.Refused = append(t.Refused, bad.Error())
		case err != nil && !isLine:
			return err
		}
	}
	t.Sum = r.Tally().String()
	return nil
}

// TryTopics asks the cluster for the topic of each source that has one. No message is read.
func (c *Config) TryTopics(ctx context.Context) (all []Tried) {
	broker := c.Running().Kafka
	for _, m := range c.topicSources() {
		t := Tried{Source: strings.TrimPrefix(m.Name, "sources."), Sum: fmt.Sprintf("topic %s of the embedded broker, which dwell serve creates", m.Topic)}
		if !broker.Embedded {
			of := broker.Config
			of.Topic = m.Topic
			firsts, ends, err := kafka.Bounds(ctx, of)
			messages := int64(0)
			for i := range firsts {
				messages += ends[i] - firsts[i]
			}
			t.Sum, t.Err = fmt.Sprintf("topic %s, messages: %d, partitions: %d", m.Topic, messages, len(ends)), err
		}
		all = append(all, t)
	}
	return all
}
