package event

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Origin says where a message came from, and so identifies the dead letter that it became. A letter that is sent again is another
// message: if it fails again, that is another letter, with an origin of its own.
type Origin struct {
	Kind OriginKind
	// Name is that of the topic, import or request. That of a message of an agency's topic has its hash, too (MessageOrigin).
	Name string
	// Part is the partition of a topic; an import and a request have the one part 0.
	Part int
	// Number is the offset in the partition, the line of the import, or the index in the request.
	Number int64
}

// OriginKind is what a message came in. Tables have the names and the codes, so both are only added to.
type OriginKind uint8

// The kinds of origins. Zero means that no origin is known.
const (
	FromTopic OriginKind = 1 + iota
	FromImport
	FromRequest
)

var originKinds = []string{FromTopic: "topic", FromImport: "import", FromRequest: "request"}

func (k OriginKind) String() string { return originKinds[k] }

// RecordOrigin is the origin of a record of a topic.
func RecordOrigin(topic string, partition int, offset int64) Origin {
	return Origin{Kind: FromTopic, Name: topic, Part: partition, Number: offset}
}

// MessageOrigin is the origin of a message of an agency's topic with its hash, since a topic that is made anew has other messages at the same
// offsets.
func MessageOrigin(topic string, partition int, offset int64, hash uint64) Origin {
	return RecordOrigin(fmt.Sprintf("%s@%016x", topic, hash), partition, offset)
}

// Topic is the name of the topic. Kafka allows no @ in one.
func (o Origin) Topic() string {
	topic, _, _ := strings.Cut(o.Name, "@")
	return topic
}

// String names the origin, such as topic/dwell.events/3/1204, topic/gate.events@9ae16a3b2f90404f/3/1204, import/2026-01/17 or request/c0ffee/4.
func (o Origin) String() string {
	if o.Kind == FromTopic {
		return fmt.Sprintf("%v/%s/%d/%d", o.Kind, o.Name, o.Part, o.Number)
	}
	return fmt.Sprintf("%v/%s/%d", o.Kind, o.Name, o.Number)
}

// ParseOrigin reads what String writes; it returns false if the text is not an origin.
func ParseOrigin(text string) (o Origin, ok bool) {
	kind, rest, _ := strings.Cut(text, "/")
	o.Kind = OriginKind(max(0, slices.Index(originKinds, kind)))
	name, number, ok := cutLast(rest)
	part := "0"
	if ok && o.Kind == FromTopic {
		name, part, ok = cutLast(name)
	}
	p, err1 := strconv.ParseUint(part, 10, 31)
	n, err2 := strconv.ParseUint(number, 10, 63)
	o.Name, o.Part, o.Number = name, int(p), int64(n)
	if !ok || err1 != nil || err2 != nil || o.Kind == 0 {
		return Origin{}, false
	}
	return o, true
}

// cutLast cuts at the last slash: a name may have some.
func cutLast(text string) (before, after string, ok bool) {
	i := strings.LastIndexByte(text, '/')
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}
