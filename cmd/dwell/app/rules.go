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
	"dwell/ingest/place"
	"dwell/metrics/clickhouse"
)

// rules returns the keys of the configuration that decide what a number is, with their values. Tables must not be counted
// partly by one value and partly by another. If lapse_after grew from ten days to fourteen, visits would have lapsed that now
// would not, and nothing could take them out of their windows again. With another topic, the progress of the old one would
// count as that of the new one.
//
// The keys come from the structs: each key of engine, and each attribute of a place, is a rule unless its tag is rule:"-". So
// nobody can forget a new one.
func (s *System) rules() map[string]string {
	rules := map[string]string{topicRule: s.Config.Kafka.Topic}
	collectRules(rules, s.Config.Engine, func(f reflect.StructField) string { return "engine." + f.Tag.Get("yaml") })
	for i := range s.Book.Places {
		p := s.Book.Places[i]
		collectRules(rules, p, func(f reflect.StructField) string { return cmp.Or(f.Tag.Get("rule"), f.Name) + " of " + p.ID })
	}
	return rules
}

// topicRule is the one rule that a recount cannot change: the tables have the offsets of their topic.
const topicRule = "kafka.topic"

// unstored is what tables were counted by that lack a rule, since the version that counted them had no such key.
var unstored = map[string]string{"engine.retract_others": "true"}

// collectRules adds the fields of a struct that are rules, also those of inlined structs.
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

// CheckRules fails if a rule differs from the one by which the tables were counted, if a place or an agency of the tables is
// missing, or if ClickHouse does not know a time zone. It returns the rules that are not stored yet.
func (s *System) CheckRules(ctx context.Context) (missing map[string]string, err error) {
	counted, err := s.Store.Rules(ctx)
	if err != nil {
		return nil, err
	}
	now := s.rules()
	missing = map[string]string{}
	var errs []error
	for _, rule := range slices.Sorted(maps.Keys(now)) {
		was, stored := counted[rule]
		if before, known := unstored[rule]; known && !stored && len(counted) > 0 {
			was, stored = before, before != now[rule]
		}
		if !stored {
			missing[rule] = now[rule]
		} else if was != now[rule] {
			errs = append(errs, otherRule(rule, now[rule], was))
		}
	}
	return missing, errors.Join(append(errs, s.knowsAllNames(ctx), s.zonesAreKnown(ctx))...)
}

// OwnTopic fails if the tables belong to another topic than the configured one. A command that writes to the topic, and notes in the tables what it has
// written, calls it first: otherwise it would note what is in the other topic. If no topic is stored yet, OwnTopic stores the configured one.
func (s *System) OwnTopic(ctx context.Context) error {
	counted, err := s.Store.Rules(ctx)
	if err != nil {
		return err
	}
	now := s.Config.Kafka.Topic
	was, stored := counted[topicRule]
	if !stored {
		return s.Store.WriteRules(ctx, map[string]string{topicRule: now})
	}
	if was != now {
		return otherRule(topicRule, now, was)
	}
	return nil
}

// otherRule says that the tables were counted by another rule, with the way out.
func otherRule(rule, now, was string) error {
	wayOut := "stop every process and run dwell recount, which counts everything again"
	if rule == topicRule {
		wayOut = "count it into a new clickhouse.database"
	}
	return fmt.Errorf("%s is %q, but the tables were counted with %q: set it back, or %s", rule, now, was, wayOut)
}

// knowsAllNames refuses a places file that lacks a place or an agency of the tables. No shard could recover, while those that count with
// the right file would have lost their partitions to this process. If a table of them is damaged, no shard can recover either, and
// /readyz, which a process that does not start cannot answer, says why and names the way out.
func (s *System) knowsAllNames(ctx context.Context) error {
	lacking, err := s.Store.Unconfigured(ctx)
	if err != nil && !clickhouse.IsDamage(err) {
		return err
	}
	return s.Config.lacks(lacking)
}

// zonesAreKnown refuses a places file with a time zone that ClickHouse does not know.
func (s *System) zonesAreKnown(ctx context.Context) error {
	unknown, err := s.Store.UnknownZones(ctx, zonesOf(s.Book))
	if err != nil {
		return err
	}
	return s.Config.unknownTo(unknown)
}

func zonesOf(book *place.Book) (zones []string) {
	for i := range book.Places {
		zones = append(zones, book.Places[i].Zone.String())
	}
	return zones
}

func (c *Config) unknownTo(zones []string) error {
	if len(zones) == 0 {
		return nil
	}
	return fmt.Errorf("places: %q has the time zones %q, which ClickHouse does not know: use names of its table system.time_zones, such as another name of the same zone", c.Places, zones)
}

// CheckNames is an error if the places file lacks a place or an agency of the tables, or has a time zone that ClickHouse does not
// know. What cannot be read is said elsewhere.
func (c *Config) CheckNames(ctx context.Context, book *place.Book) error {
	voc, err := book.Vocabulary()
	if err != nil {
		return err
	}
	cfg, faults := c.Running().ClickHouse.Config, []error{}
	if lacking, err := clickhouse.FindUnconfigured(ctx, cfg, voc); err == nil {
		faults = append(faults, c.lacks(lacking))
	}
	if unknown, err := clickhouse.FindUnknownZones(ctx, cfg, zonesOf(book)); err == nil {
		faults = append(faults, c.unknownTo(unknown))
	}
	return errors.Join(faults...)
}

func (c *Config) lacks(names clickhouse.Unconfigured) error {
	const wayOut = "places: %q lacks %s%q, which the tables have events of: add them, or stop every process and run dwell recount, which makes dead letters of their events"
	var errs []error
	if len(names.BCPs) > 0 {
		errs = append(errs, fmt.Errorf(wayOut, c.Places, "", names.BCPs))
	}
	if len(names.Agencies) > 0 {
		errs = append(errs, fmt.Errorf(wayOut, c.Places, "the agencies ", names.Agencies))
	}
	return errors.Join(errs...)
}

// checkPartitions fails if the topic has another number of partitions than when it was first counted.
func (s *System) checkPartitions(ctx context.Context) error {
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
		gone, err := s.logIsGone(ctx, counted)
		if err != nil {
			return err
		}
		return &kafka.PartitionsChangedError{Topic: k.Topic, Was: counted, Now: partitions, Gone: gone}
	}
	k.Partitions = counted
	return nil
}

// logIsGone reports whether no partition has records any more of those that were counted of it, while some were.
func (s *System) logIsGone(ctx context.Context, counted int) (bool, error) {
	firsts, ends, err := kafka.Bounds(ctx, s.Config.Kafka.Config)
	if err != nil {
		return false, fmt.Errorf("kafka: %w", err)
	}
	some := false
	for shard := range counted {
		p, err := s.Store.Progress(ctx, shard)
		if err != nil {
			return false, err
		}
		if p.Offset > 0 && shard < len(ends) && firsts[shard] < p.Offset && p.Offset <= ends[shard] {
			return false, nil
		}
		some = some || p.Offset > 0
	}
	return some, nil
}

// partitionOf is the partition of a subject, in whichever its records lie. The partitions must have been checked.
func (s *System) partitionOf(subject []byte) int {
	return kafka.PartitionOf(subject, s.Config.Kafka.Partitions)
}

// storeRules checks the rules, and stores those that are not stored yet, before the engine counts by them. It abandons recounts: from
// here on this process writes to the tables that they would replace.
func (s *System) storeRules(ctx context.Context) error {
	missing, err := s.CheckRules(ctx)
	if err != nil {
		return err
	}
	if err := s.Store.AbandonRecounts(ctx); err != nil {
		return err
	}
	return s.Store.WriteRules(ctx, missing)
}
