package broker

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// answer returns kfake's response to the request as the client is to get it. It may change p.
func (r *request) answer(p []byte, g *guard) ([]byte, error) {
	const header = 8 // size and correlation id
	read := func(body kmsg.Response) error {
		body.SetVersion(r.version)
		if err := body.ReadFrom(p[header:]); err != nil {
			return fmt.Errorf("response to request %d version %d: %w", r.key, r.version, err)
		}
		return nil
	}
	write := func(body kmsg.Response) []byte {
		out := body.AppendTo(p[:header])
		binary.BigEndian.PutUint32(out, uint32(len(out)-4))
		return out
	}
	switch kmsg.Key(r.key) {
	case kmsg.Produce:
		var body kmsg.ProduceResponse
		if err := read(&body); err != nil {
			return nil, err
		}
		changed, err := r.appended(&body, g.marks)
		if err != nil {
			return nil, err
		}
		if changed {
			return write(&body), nil
		}
	case kmsg.Fetch:
		var body kmsg.FetchResponse
		if err := read(&body); err != nil {
			return nil, err
		}
		return p, fetched(&body, g.marks)
	case kmsg.ApiVersions:
		var body kmsg.ApiVersionsResponse
		if err := read(&body); err != nil {
			return nil, err
		}
		limitVersions(&body)
		return write(&body), nil
	case kmsg.CreateTopics:
		var body kmsg.CreateTopicsResponse
		if err := read(&body); err != nil {
			return nil, err
		}
		for _, t := range body.Topics {
			if t.ErrorCode == 0 {
				g.topics.forget()
				g.marks.forget(t.Topic)
			}
		}
	case kmsg.DeleteTopics:
		var body kmsg.DeleteTopicsResponse
		if err := read(&body); err != nil {
			return nil, err
		}
		for _, t := range body.Topics {
			if t.ErrorCode == 0 && t.Topic != nil {
				g.topics.forget()
				g.marks.forget(*t.Topic)
			}
		}
	case kmsg.AlterConfigs, kmsg.IncrementalAlterConfigs:
		g.topics.forget()
	}
	return p, nil
}

// appended marks the ends of partitions that were appended to, before the client hears of it. Batches that were refused get the
// error that tells why, those of topics with LogAppendTime their time.
func (r *request) appended(body *kmsg.ProduceResponse, m *marks) (changed bool, err error) {
	for i := range body.Topics {
		t := &body.Topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			of := r.find(t.Topic, p.Partition)
			switch {
			case of == nil:
			case of.refused != nil:
				p.ErrorCode, changed = of.refused.code.Code, true
				if r.version >= 8 {
					p.ErrorMessage = &of.refused.why
				}
			case p.ErrorCode == 0:
				if err := m.raise(t.Topic, p.Partition, p.BaseOffset+int64(of.records)); err != nil {
					return false, err
				}
				if of.appendTime >= 0 {
					p.LogAppendTime, changed = of.appendTime, true
				}
			}
		}
	}
	return changed, nil
}

func (r *request) find(topic string, partition int32) *produced {
	for i := range r.produced {
		if p := &r.produced[i]; p.partition == partition && p.topic == topic {
			return p
		}
	}
	return nil
}

// fetched marks the ends that the response shows, since records that were not acknowledged are read too, and shows batches of
// topics with LogAppendTime as such. The batches are changed where they are.
func fetched(body *kmsg.FetchResponse, m *marks) error {
	for _, t := range body.Topics {
		for i := range t.Partitions {
			p := &t.Partitions[i]
			if p.ErrorCode != 0 {
				continue
			}
			if err := m.raise(t.Topic, p.Partition, p.HighWatermark); err != nil {
				return err
			}
			for rest := batch(p.RecordBatches); len(rest) >= batchRecordsAt; {
				size := batchFrame + int(int32(binary.BigEndian.Uint32(rest[batchLengthAt:])))
				if size < batchRecordsAt || size > len(rest) {
					break
				}
				rest[:size].unstamp()
				rest = rest[size:]
			}
		}
	}
	return nil
}

// limitVersions lists only what is served.
func limitVersions(body *kmsg.ApiVersionsResponse) {
	keys := body.ApiKeys[:0]
	for _, k := range body.ApiKeys {
		highest, ok := served[k.ApiKey]
		if !ok || k.MinVersion > highest {
			continue
		}
		k.MaxVersion = min(k.MaxVersion, highest)
		keys = append(keys, k)
	}
	body.ApiKeys = keys
}
