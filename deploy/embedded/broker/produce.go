package broker

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
)

// produced is one partition's batch in a produce request.
type produced struct {
	topic     string
	partition int32
	records   int32
	// refused is why the batch must not be appended, nil if it may be.
	refused *refusal
	// appendTime is the broker's time in Unix milliseconds where the topic has LogAppendTime, else -1.
	appendTime int64
}

// refusal is Kafka's error for a batch, and what is wrong with it.
type refusal struct {
	code *kerr.Error
	why  string
}

func (r *refusal) Error() string { return r.why }

// maxProduced bounds how many partitions one produce request may write to.
const maxProduced = 10_000

var errCut = errors.New("produce request: cut short")

// readProduce reads a produce request, versions 3 to 8. It stamps batches of topics with LogAppendTime, and spoils those that cannot
// be read such that kfake refuses them.
func (r *request) readProduce(body []byte, c *conn) error {
	in := kbin.Reader{Src: body}
	if r.version < 3 {
		return errors.New("produce request of a version before 3, which brings message sets")
	}
	in.NullableString() // transactional id
	r.silent = in.Int16() == 0
	in.Int32() // timeout
	type place struct {
		topic     string
		partition int32
	}
	seen := map[place]bool{}
	topics := in.Int32()
	for range topics {
		topic := in.String()
		partitions := in.Int32()
		if !in.Ok() {
			return errCut
		}
		for range partitions {
			at := place{topic, in.Int32()}
			records := in.NullableBytes()
			switch {
			case !in.Ok():
				return errCut
			case seen[at] || len(seen) == maxProduced:
				return errors.New("produce request: a partition is there twice, or too many are")
			}
			seen[at] = true
			p := produced{topic: topic, partition: at.partition, appendTime: -1}
			r.check(&p, records, c)
			if p.refused != nil && r.silent {
				return p.refused // as Kafka does, since there is no other way to say it
			}
			r.produced = append(r.produced, p)
		}
	}
	if !in.Ok() {
		return errCut
	}
	return nil
}

// check decides whether a batch may be appended, and stamps it.
func (r *request) check(p *produced, records []byte, c *conn) {
	b, err := wholeBatch(records)
	if err != nil {
		return // which kfake looks at too, and refuses
	}
	appendTime := c.g.topics.appendTime(p.topic)
	p.records = b.count()
	if p.refused = b.check(appendTime); p.refused != nil {
		b.spoil()
		c.warn(p)
		return
	}
	if appendTime {
		p.appendTime = time.Now().UnixMilli()
		b.stamp(p.appendTime)
	}
}

// warn logs a batch that is refused: at level debug after the first one of a connection.
func (c *conn) warn(p *produced) {
	log := c.g.log.Warn
	if c.warned {
		log = c.g.log.Debug
	}
	c.warned = true
	log("refused a batch that cannot be read", "remote", c.RemoteAddr(), "topic", p.topic, "partition", p.partition, "error", p.refused)
}
