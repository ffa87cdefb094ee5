package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"dwell/ingest/kafka"
)

// rules are those by which events become numbers and which a configuration can change. What was counted by others would
// be taken for counted by these: a visit that lapsed after ten days would have done so after fourteen, and its windows
// would hold what can never be taken out of them; and the progress in one topic would be taken for that in another.
//
// They come from the structs: each key of engine, and each attribute of a place, is a rule unless it is marked rule:"-", so
// that a new one cannot be forgotten.
func (s *System) rules() map[string]string {
	rules := map[string]string{"kafka.topic": s.Config.Kafka.Topic}
	collectRules(rules, s.Config.Engine, func(f reflect.StructField) string { return "engine." + f.Tag.Get("yaml") })
	for i := range s.Book.Places {
		p := s.Book.Places[i]
		collectRules(rules, p, func(f reflect.StructField) string { return cmp.Or(f.Tag.Get("rule"), f.Name) + " of " + p.ID })
	}
	return rules
}

// collectRules adds the fields of a struct that are rules, and those of the structs that are inlined in it.
func collectRules(rules map[string]string, of any, name func(reflect.StructField) string) {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case f.Tag.Get("rule") == "-":
		case f.Tag.Get("yaml") == ",inline":
			collectRules(rules, v.Field(i).Interface(), name)
		default:
			rules[name(f)] = fmt.Sprint(v.Field(i).Interface())
		}
	}
}

// SameRules says how the rules differ from those by which the tables were counted, and returns those that are new.
func (s *System) SameRules(ctx context.Context) (unnoted map[string]string, err error) {
	counted, err := s.Store.Rules(ctx)
	if err != nil {
		return nil, err
	}
	now := s.rules()
	unnoted = map[string]string{}
	var errs []error
	for _, rule := range slices.Sorted(maps.Keys(now)) {
		was, noted := counted[rule]
		if !noted {
			unnoted[rule] = now[rule]
		} else if was != now[rule] {
			errs = append(errs, fmt.Errorf("%s is %q, but the tables were counted with %q: set it back, or have all counted again into a new clickhouse.database",
				rule, now[rule], was))
		}
	}
	return unnoted, errors.Join(errs...)
}

// holdPartitions makes sure that the topic has the partitions it was first counted with.
func (s *System) holdPartitions(ctx context.Context) error {
	k := &s.Config.Kafka
	partitions, err := kafka.Partitions(ctx, k.Config)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	counted, err := s.Store.TopicPartitions(ctx, k.Topic, partitions)
	if err != nil {
		return err
	}
	if counted != partitions {
		return &kafka.PartitionsChangedError{Topic: k.Topic, Was: counted, Now: partitions}
	}
	k.Partitions = counted
	return nil
}

// holdRules is SameRules before the engine counts.
func (s *System) holdRules(ctx context.Context) error {
	unnoted, err := s.SameRules(ctx)
	if err != nil {
		return err
	}
	return s.Store.NoteRules(ctx, unnoted)
}
