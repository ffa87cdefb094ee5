package visit

import (
	"encoding/binary"
	"errors"
	"fmt"

	"dwell/ingest/event"
)

// The encoding of a visit's facts in a table, version 1. All numbers but the keys are varints:
//
//	version, number of names, names (length, bytes)...,
//	number of facts, facts...,
//	number of retracted keys, keys (8 bytes)...
//
// A fact is a record of its own, so that a later version may add fields which an earlier one skips:
//
//	length of the rest, key (8 bytes), time since the fact before, type, direction, fields...
//
// A field is its tag and a value. The tag is number<<3 | form; the forms and their numbers are those of Protocol Buffers. A field
// without a value is left out. The numbers never change their meaning: 1 to 6 are below, and reserved are
//
//	7 lane, 8 selection, 9 priority, 10 trader class, 11 vehicle class, 12 cargo
//
// Types and other words are stored by their codes, which never change (event/testdata/codes); agencies by name, because their
// codes change with the configuration. Name 0 is empty. The BCP is in the key of the visit.
const codecVersion = 1

// The forms of a field's value.
const (
	formVarint = 0
	formFixed8 = 1 // 8 bytes
	formBytes  = 2 // a length and bytes
	formFixed4 = 5 // 4 bytes
	formBits   = 7 // the bits of a tag that are the form
)

// The tags of the fields.
const (
	tagAgency  = 1<<3 | formVarint // a name
	tagKind    = 2<<3 | formVarint
	tagChannel = 3<<3 | formVarint
	tagRegime  = 4<<3 | formVarint
	tagHold    = 5<<3 | formFixed4 // event.Event.HoldKey
	tagResult  = 6<<3 | formVarint
)

// AppendFacts appends the facts of v to dst.
func (v *Visit) AppendFacts(dst []byte, voc *event.Vocabulary) []byte {
	var room [8]event.Agency
	names := append(room[:0], event.NoAgency)
	for i := range v.facts {
		names, _ = intern(names, v.facts[i].Agency)
	}
	dst = append(dst, codecVersion)
	dst = binary.AppendUvarint(dst, uint64(len(names)-1))
	for _, a := range names[1:] {
		text := voc.HolderName(a)
		dst = binary.AppendUvarint(dst, uint64(len(text)))
		dst = append(dst, text...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.facts)))
	var before Time
	for i := range v.facts {
		dst = appendFact(dst, &v.facts[i], before, names)
		before = v.facts[i].Time
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.retracted)))
	for _, k := range v.retracted {
		dst = binary.LittleEndian.AppendUint64(dst, k)
	}
	return dst
}

func appendFact(dst []byte, f *Fact, before Time, names []event.Agency) []byte {
	start := len(dst) + 1
	dst = append(dst, 0) // the length: of all fields it is below 128, one byte
	dst = binary.LittleEndian.AppendUint64(dst, f.Key)
	dst = binary.AppendVarint(dst, f.Time-before)
	dst = append(dst, f.Type.Code(), f.Direction().Code())
	if f.Agency != event.NoAgency {
		_, agency := intern(names, f.Agency)
		dst = binary.AppendUvarint(append(dst, tagAgency), uint64(agency))
	}
	if k := f.Kind(); k != event.NoKind {
		dst = append(dst, tagKind, k.Code())
	}
	if c := f.Channel(); c != event.NoChannel {
		dst = append(dst, tagChannel, c.Code())
	}
	if r := f.Regime(); r != event.NoRegime {
		dst = append(dst, tagRegime, r.Code())
	}
	if h := f.Hold(); h != 0 {
		dst = binary.LittleEndian.AppendUint32(append(dst, tagHold), h)
	}
	if r := f.Result(); r != event.NoResult {
		dst = append(dst, tagResult, r.Code())
	}
	dst[start-1] = byte(len(dst) - start)
	return dst
}

// intern returns the index of a in names, and appends it if new.
func intern(names []event.Agency, a event.Agency) ([]event.Agency, int) {
	for i := range names {
		if names[i] == a {
			return names, i
		}
	}
	return append(names, a), len(names)
}

var errTruncated = errors.New("facts are cut short")

// storedName is a name in the encoding, with the agency that it stands for, NoAgency if it is not configured.
type storedName struct {
	agency event.Agency
	text   []byte
}

// ParseFacts decodes AppendFacts of a visit at a BCP. A name that the vocabulary lacks is an error: an agency with stored
// visits must stay in the configuration. So is a code that is not known.
func ParseFacts(src []byte, b event.BCP, voc *event.Vocabulary) (*Visit, error) {
	r := reader{src: src}
	if version := r.byte(); version != codecVersion && r.err == nil {
		return nil, fmt.Errorf("facts have version %d, want %d", version, codecVersion)
	}
	var room [8]storedName
	names := append(room[:0], storedName{})
	for range r.count(1) {
		n := storedName{text: r.bytes(r.uvarint())}
		n.agency, _ = voc.Agency(n.text)
		names = append(names, n)
	}
	v := New(b)
	facts := r.count(12)
	if facts > 0 {
		v.facts = make([]Fact, 0, facts)
	}
	var before Time
	for range facts {
		record := reader{src: r.bytes(r.uvarint()), err: r.err}
		f, err := record.fact(before, names)
		if err != nil {
			return nil, err
		}
		before = f.Time
		v.facts = append(v.facts, f)
	}
	for range r.count(8) {
		v.retracted = append(v.retracted, r.key())
	}
	if r.err == nil && len(r.src) != 0 {
		r.err = fmt.Errorf("facts are followed by %d bytes", len(r.src))
	}
	if r.err != nil {
		return nil, r.err
	}
	return v, nil
}

// fact reads a record to its end. It skips fields that it does not know.
func (r *reader) fact(before Time, names []storedName) (Fact, error) {
	f := Fact{Key: r.key(), Time: before + r.varint()}
	typ := r.uvarint()
	var hold uint32
	direction, channel, regime, kind, result := r.uvarint(), uint64(0), uint64(0), uint64(0), uint64(0)
	for r.err == nil && len(r.src) > 0 {
		switch tag := r.uvarint(); tag {
		case tagAgency:
			agency := r.name(names)
			if f.Agency = agency.agency; f.Agency == event.NoAgency && r.err == nil {
				r.err = fmt.Errorf("a stored visit is of agency %q, which is not configured: add it to the agencies of the places file, or stop every process and run dwell recount, which makes dead letters of its events", agency.text)
			}
		case tagKind:
			kind = r.uvarint()
		case tagChannel:
			channel = r.uvarint()
		case tagRegime:
			regime = r.uvarint()
		case tagHold:
			hold = r.uint32()
		case tagResult:
			result = r.uvarint()
		default:
			r.skip(tag & formBits)
		}
	}
	if r.err != nil {
		return Fact{}, r.err
	}
	var ok [6]bool
	var d event.Direction
	var c event.Channel
	var g event.Regime
	var k event.InspectionKind
	var found event.Result
	f.Type, ok[0] = event.TypeOfCode(typ)
	d, ok[1] = event.DirectionOfCode(direction)
	c, ok[2] = event.ChannelOfCode(channel)
	g, ok[3] = event.RegimeOfCode(regime)
	k, ok[4] = event.InspectionKindOfCode(kind)
	found, ok[5] = event.ResultOfCode(result)
	switch {
	case f.Type.HasKind():
		f.data = packInspection(k, found)
	case f.Type.HasHold():
		f.data = hold
	}
	f.dims = packDims(d, c, g)
	if ok != [6]bool{true, true, true, true, true, true} || !f.Type.OfVisit() {
		return Fact{}, fmt.Errorf("a fact has the codes type %d, direction %d, channel %d, regime %d, kind %d and result %d; one is unknown: "+
			"a later version of dwell wrote it", typ, direction, channel, regime, kind, result)
	}
	return f, nil
}

// reader reads the encoding; after an error it returns zeros.
type reader struct {
	src []byte
	err error
}

// skip reads a value of a form.
func (r *reader) skip(form uint64) {
	switch form {
	case formVarint:
		r.uvarint()
	case formFixed8:
		r.key()
	case formFixed4:
		r.uint32()
	case formBytes:
		r.bytes(r.uvarint())
	default:
		r.fail()
	}
}

func (r *reader) bytes(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.src)) {
		r.fail()
		return nil
	}
	b := r.src[:n]
	r.src = r.src[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) key() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	if len(r.src) > 0 && r.src[0] < 0x80 { // most are of one byte
		n := r.src[0]
		r.src = r.src[1:]
		return uint64(n)
	}
	return r.longUvarint()
}

func (r *reader) longUvarint() uint64 {
	n, size := binary.Uvarint(r.src)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.src = r.src[size:]
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.src)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.src = r.src[size:]
	return n
}

// count reads the number of items that follow. Each takes at least size bytes, so a corrupt number cannot allocate much
// memory.
func (r *reader) count(size uint64) uint64 {
	n := r.uvarint()
	if n > uint64(len(r.src))/size {
		r.fail()
		return 0
	}
	return n
}

func (r *reader) name(names []storedName) *storedName {
	i := r.uvarint()
	if i >= uint64(len(names)) {
		r.fail()
		i = 0
	}
	return &names[i]
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errTruncated
	}
	r.src = nil
}
