package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
)

// Two agencies have topics of their own. Islam Qala's gate writes an object of JSON for each event, and Hairatan's office lines of CSV, several
// to a message.
const (
	gateTopic, bookTopic = "islamqala.gate", "hairatan.book"
	gatePartitions       = 3
)

// agencyTopics are the topics of agencies by the groups that dwell serve reads them in.
var agencyTopics = map[string]string{"dwell.sources.gate": gateTopic, "dwell.sources.book": bookTopic}

// agencies is the configuration that says what their messages mean.
//
//go:embed agencies.yaml
var agencies []byte

func writeAgencies(dir string) (file string, err error) {
	file = filepath.Join(dir, "agencies.yaml")
	return file, os.WriteFile(file, agencies, 0o600)
}

func createAgencyTopics(ctx context.Context, broker string) error {
	client := kafkago.Client{Addr: kafkago.TCP(broker), Timeout: 10 * time.Second}
	req := &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
		{Topic: gateTopic, NumPartitions: gatePartitions, ReplicationFactor: 1}, {Topic: bookTopic, NumPartitions: 1, ReplicationFactor: 1},
	}}
	res, err := client.CreateTopics(ctx, req)
	if err == nil {
		err = errors.Join(res.Errors[gateTopic], res.Errors[bookTopic])
	}
	if err != nil {
		return fmt.Errorf("create the topics of agencies: %w", err)
	}
	return nil
}

// mapped reports whether a mapping can say all of an event. Readings and retractions are for dwell's own topic.
func mapped(e *event.Event) bool { return e.Type.OfVisit() || e.Type.OfPlace() }

// gateWords are the gate's words for types of events. It has dwell's own for others.
var gateWords = map[event.Type]string{
	event.TruckArrived: "IN", event.InspectionStarted: "EXAM", event.InspectionCompleted: "EXAM DONE", event.TruckReleased: "FREE", event.TruckDeparted: "OUT",
}

// gateMessage is an event as the gate says it, or what else it says under a number.
func gateMessage(voc *event.Vocabulary, e *event.Event, what, no string) kafkago.Message {
	text, err := json.Marshal(map[string]any{
		"no": no, "what": what, "truck": map[string]string{"plate": string(e.Subject)}, "at": e.Time, "written": e.Recorded,
		"way": e.Direction.String(), "who": voc.HolderName(e.Agency), "colour": e.Channel.String(), "procedure": e.Regime.String(),
		"exam": e.Kind.String(), "found": e.Result.String(), "lane": string(e.Lane),
	})
	if err != nil {
		panic(err) // a map of texts and numbers
	}
	return kafkago.Message{Topic: gateTopic, Value: text, WriterData: roundRobin}
}

// gateMessages are an event as the gate says it, and now and then a ping, which says nothing, or a word that no mapping knows, which must be a
// dead letter.
func (l *load) gateMessages(e *event.Event, r *rand.Rand) (all []kafkago.Message) {
	voc := l.sim.Vocabulary()
	what := gateWords[e.Type]
	if what == "" {
		what = e.Type.String()
	}
	all = append(all, gateMessage(voc, e, what, string(e.ID)))
	switch r.IntN(100) {
	case 0:
		l.own.unknown++
		all = append(all, gateMessage(voc, e, "WEIGHED", fmt.Sprint("weighed-", l.own.unknown)))
	case 1:
		all = append(all, gateMessage(voc, e, "PING", ""))
	}
	return all
}

// page is a message of the office: lines of its book.
type page struct {
	lines bytes.Buffer
	n     int
	zone  *time.Location
}

func (p *page) add(voc *event.Vocabulary, e *event.Event) {
	at := func(ms int64) string { return time.UnixMilli(ms).In(p.zone).Format("02.01.2006 15:04:05.000") }
	w := csv.NewWriter(&p.lines)
	w.Comma = ';'
	_ = w.Write([]string{ // to memory
		string(e.ID), e.Type.String(), string(e.Subject), at(e.Time), at(e.Recorded), e.Direction.String(), voc.HolderName(e.Agency),
		e.Channel.String(), e.Regime.String(), e.Kind.String(), e.Result.String(), string(e.Lane),
	})
	w.Flush()
	p.n++
}

// take is the message, if it has lines; the next one has none yet.
func (p *page) take() (all []kafkago.Message) {
	if p.n > 0 {
		all = append(all, kafkago.Message{Topic: bookTopic, Value: bytes.Clone(p.lines.Bytes()), WriterData: roundRobin})
	}
	p.lines.Reset()
	p.n = 0
	return all
}

// normalized waits until dwell serve has made events of all messages of the agencies' topics.
func (b *border) normalized(ctx context.Context) error {
	client := kafkago.Client{Addr: kafkago.TCP(b.kafkaAddr), Timeout: 10 * time.Second}
	for group, topic := range agencyTopics {
		ends, err := b.ends(ctx, topic)
		if err != nil {
			return err
		}
		req := &kafkago.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: nil}}
		for partition := range ends {
			req.Topics[topic] = append(req.Topics[topic], partition)
		}
		err = b.until(ctx, fmt.Sprintf("messages of topic %s before %v are read", topic, ends), func() bool {
			res, err := client.OffsetFetch(ctx, req)
			if err != nil || res.Error != nil {
				return false
			}
			for _, p := range res.Topics[topic] {
				if p.Error != nil || p.CommittedOffset < ends[p.Partition] && ends[p.Partition] > 0 {
					return false
				}
			}
			return len(res.Topics[topic]) == len(ends)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
