package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/receiver/client"
	"dwell/ingest/receiver/token"
	"dwell/ingest/source"
)

// In life not every post writes events to Kafka as dwell would. Once the demo's history is counted, the first of its BCPs posts over HTTP,
// the gate of the second has a topic of its own, and the software of the third chooses partitions as librdkafka does by default, so that each
// run of the demo takes these ways too.
const (
	demoPoster = "demo-gate"
	demoTopic  = "demo.gate"
)

// demoGate describes the topic of a BCP's gate.
func demoGate(bcp string) source.Description {
	return source.Description{
		Topic: demoTopic, Source: "/bcp/" + bcp, BCP: bcp, TimeLayout: "epoch_ms",
		Columns: source.Columns{
			ID: "no", Subject: []string{"truck"}, Type: "what", Time: []string{"at"}, Recorded: "written", Direction: "way", Agency: "who", Channel: "colour",
			Regime: "procedure", Kind: "exam", Result: "found", Lane: "lane",
		},
		Codes:  map[string]map[string]string{"type": demoCodes},
		Events: []source.MappedEvent{{}},
	}
}

// demoCodes are the gate's words for the events that it writes to its topic.
var demoCodes = map[string]string{
	"IN": "truck.arrived", "EXAM": "inspection.started", "EXAM DONE": "inspection.completed", "FREE": "truck.released", "OUT": "truck.departed",
}

// gateMessage is a message of the gate's topic.
type gateMessage struct {
	No        string `json:"no"`
	What      string `json:"what"`
	Truck     string `json:"truck"`
	At        int64  `json:"at"`
	Written   int64  `json:"written"`
	Way       string `json:"way"`
	Who       string `json:"who"`
	Colour    string `json:"colour"`
	Procedure string `json:"procedure"`
	Exam      string `json:"exam"`
	Found     string `json:"found"`
	Lane      string `json:"lane"`
}

// demoWays are the ways by which records come into the topic of events.
type demoWays struct {
	*kafka.Buffered
	live bool // whether the history has been counted

	voc     *event.Vocabulary
	decoder *event.Decoder
	codes   map[string]string // the gate's words, by dwell's

	poster, gate, stray event.BCP
	client              *client.Client
	posts               [][]byte
	topic               *kafka.Producer
	messages            []event.Record
	writer              *kafkago.Writer
	strays              []kafkago.Message
}

// newDemoWays is for a system that serves at its address. Close closes its connections.
func newDemoWays(s *app.System, now time.Time) (*demoWays, error) {
	w := &demoWays{Buffered: kafka.NewBuffered(s.Producer), voc: s.Vocabulary, decoder: event.NewDecoder(s.Vocabulary, s.Config.Engine.Skew), codes: map[string]string{}}
	for theirs, ours := range demoCodes {
		w.codes[ours] = theirs
	}
	if len(s.Book.Places) < 2 {
		return w, nil
	}
	w.poster, _ = s.Vocabulary.BCP([]byte(s.Book.Places[0].ID))
	w.gate, _ = s.Vocabulary.BCP([]byte(s.Book.Places[1].ID))
	if len(s.Book.Places) > 2 {
		w.stray, _ = s.Vocabulary.BCP([]byte(s.Book.Places[2].ID))
		w.writer = &kafkago.Writer{
			Addr: kafkago.TCP(s.Config.Kafka.Brokers...), Topic: s.Config.Kafka.Topic, Balancer: kafkago.CRC32Balancer{}, RequiredAcks: kafkago.RequireAll,
			BatchTimeout: time.Millisecond,
		}
	}
	id := s.Book.Places[0].ID
	file := s.Config.TokensFile()
	old, err := token.Read(file)
	if err == nil && slices.ContainsFunc(old, func(t token.Token) bool { return t.Name == demoPoster }) { // of an earlier run
		err = token.Revoke(file, demoPoster)
	}
	if err != nil {
		return nil, err
	}
	secret, err := token.Create(file, token.Token{Name: demoPoster, Sources: []string{"/bcp/" + id}, BCPs: []string{id}, Agencies: agenciesOf(s)}, now)
	if err != nil {
		return nil, err
	}
	w.client, err = client.New("http://"+s.Listening, secret, time.Minute, func(error, time.Duration) {})
	if err != nil {
		return nil, err
	}
	cfg := s.Config.Kafka.Config
	cfg.Topic = demoTopic
	w.topic, err = kafka.NewProducer(cfg)
	return w, err
}

func agenciesOf(s *app.System) (codes []string) {
	for _, a := range s.Book.Agencies {
		codes = append(codes, a.Code)
	}
	return codes
}

// Add takes a record by the way of its BCP.
func (w *demoWays) Add(ctx context.Context, r event.Record) error {
	var e event.Event
	w.decoder.Reset()
	if !w.live || w.client == nil || w.decoder.Decode(&r, &e) != nil {
		return w.Buffered.Add(ctx, r)
	}
	switch code := w.codes[e.Type.String()]; {
	case e.BCP == w.poster:
		w.posts = append(w.posts, r.Value)
	case e.BCP == w.gate && code != "" && e.Edition == 0:
		text, err := json.Marshal(gateMessage{
			No: string(e.ID), What: code, Truck: string(e.Subject), At: e.Time, Written: e.Recorded, Way: e.Direction.String(), Who: w.voc.HolderName(e.Agency),
			Colour: e.Channel.String(), Procedure: e.Regime.String(), Exam: e.Kind.String(), Found: e.Result.String(), Lane: string(e.Lane),
		})
		if err != nil {
			return err
		}
		w.messages = append(w.messages, event.Record{Value: text, Time: r.Time})
	case w.writer != nil && e.BCP == w.stray && !r.AllPartitions():
		m := kafkago.Message{Key: r.Key, Value: r.Value, Time: time.UnixMilli(r.Time)}
		for _, h := range r.Headers {
			m.Headers = append(m.Headers, kafkago.Header{Key: string(h.Key), Value: h.Value})
		}
		w.strays = append(w.strays, m)
	default:
		return w.Buffered.Add(ctx, r)
	}
	return nil
}

// Flush sends what was added.
func (w *demoWays) Flush(ctx context.Context) error {
	if err := w.Buffered.Flush(ctx); err != nil {
		return err
	}
	if len(w.posts) > 0 {
		count, err := w.client.Post(ctx, bytes.Join(w.posts, []byte("\n")))
		if err != nil {
			return err
		}
		if count.Refused > 0 {
			return fmt.Errorf("posted events of the demo were refused: %d; the first: %s", count.Refused, count.Refusals[0].Detail)
		}
		w.posts = w.posts[:0]
	}
	if len(w.messages) > 0 {
		if err := w.topic.Write(ctx, w.messages...); err != nil {
			return err
		}
		w.messages = w.messages[:0]
	}
	if len(w.strays) > 0 {
		if err := w.writer.WriteMessages(ctx, w.strays...); err != nil {
			return err
		}
		w.strays = w.strays[:0]
	}
	return nil
}

// Close closes the connections of the second and the third BCP.
func (w *demoWays) Close() {
	if w.topic != nil {
		w.topic.Close()
	}
	if w.writer != nil {
		_ = w.writer.Close() // what was added is written by Flush, or not at all
	}
}
