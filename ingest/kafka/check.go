package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Check reaches every broker and both topics. It returns the topics that are missing, which EnsureTopics creates, and one
// error for each thing that is wrong, or nil.
func Check(ctx context.Context, cfg Config) (missing []string, errs []error) {
	if err := cfg.Validate(); err != nil {
		return nil, []error{err}
	}
	for _, b := range cfg.Brokers {
		one := cfg
		one.Brokers = []string{b}
		if err := reach(ctx, one); err != nil {
			errs = append(errs, fmt.Errorf("broker %s: %w", b, err))
		}
	}
	if len(errs) == len(cfg.Brokers) {
		return nil, errs
	}
	c, err := newClient(cfg)
	if err != nil {
		return nil, append(errs, err)
	}
	defer c.close()
	cluster, err := c.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{}})
	if err != nil {
		return nil, append(errs, err)
	}
	for _, b := range cluster.Brokers {
		address := fmt.Sprintf("%s:%d", b.Host, b.Port)
		if slices.Contains(cfg.Brokers, address) {
			continue
		}
		one := cfg
		one.Brokers = []string{address}
		if err := reach(ctx, one); err != nil {
			errs = append(errs, fmt.Errorf("broker %s, which the cluster advertises: %w", address, err))
		}
	}
	for _, topic := range []string{cfg.Topic, cfg.DeadLetterTopic} {
		l, err := c.layout(ctx, topic)
		if errors.Is(err, kafkago.UnknownTopicOrPartition) {
			missing = append(missing, topic)
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		var without []string
		for p := range l.partitions {
			if _, ok := l.leaders[p]; !ok {
				without = append(without, fmt.Sprint(p))
			}
		}
		if len(without) > 0 {
			errs = append(errs, fmt.Errorf("topic %q: partitions %s have no leader", topic, strings.Join(without, ", ")))
		}
	}
	if err := c.checkClock(ctx, cfg.Topic); err != nil {
		errs = append(errs, err)
	}
	return missing, errs
}

// maxAhead is how far after a broker's clock the time of a record may be. It is twenty-four times the default of Kafka 4.
const maxAhead = 24 * time.Hour

// checkClock checks that the brokers refuse records with timestamps in the future. Otherwise two producers whose clocks are ahead
// advance the watermark, or one that has a partition to itself, and every open visit lapses. A cluster that does not report its
// configuration passes.
func (c *client) checkClock(ctx context.Context, topic string) error {
	const bound = "message.timestamp.after.max.ms"
	values, err := c.topicConfig(ctx, topic, timestampType, bound)
	if err != nil {
		return err
	}
	ms, err := strconv.ParseInt(values[bound], 10, 64)
	if err != nil || values[timestampType] != createTime || ms <= maxAhead.Milliseconds() {
		return nil
	}
	return fmt.Errorf("topic %q: %s is %d: records with future timestamps would be accepted and could make every open visit lapse; set %s to %s, or %s to 3600000 or less",
		topic, bound, ms, timestampType, logAppendTime, bound)
}

func reach(ctx context.Context, cfg Config) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout+time.Second)
	defer cancel()
	c, err := newClient(cfg)
	if err != nil {
		return err
	}
	defer c.close()
	if _, err = c.ApiVersions(ctx, &kafkago.ApiVersionsRequest{}); err == nil {
		// Some brokers report their API versions before authentication.
		_, err = c.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{}})
	}
	switch {
	case errors.Is(err, kafkago.SASLAuthenticationFailed):
		return fmt.Errorf("%w: the user %q or the password may be wrong", err, cfg.SASL.User)
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case !cfg.TLS.Enabled:
		return fmt.Errorf("%w: the broker hung up, it may expect kafka.tls.enabled: true", err)
	case cfg.SASL.Mechanism != "":
		return fmt.Errorf("%w: the broker hung up, the user %q or the password may be wrong", err, cfg.SASL.User)
	default:
		return fmt.Errorf("%w: the broker hung up, it may expect a login (kafka.sasl)", err)
	}
}
