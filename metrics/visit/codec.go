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
//	number of facts, facts (key 8 bytes, time since the fact before, type, kind, dims, bcp name, agency name)...,
//	number of retracted keys, keys (8 bytes)...
//
// Types are stored by their code, which never changes; BCPs and agencies by name, because their codes change with the
// configuration. Name 0 is empty.
const codecVersion = 1

// AppendFacts appends the facts of v to dst.
func (v *Visit) AppendFacts(dst []byte, voc *event.Vocabulary) []byte {
	var room [8]string
	names := append(room[:0], "")
	for _, f := range v.facts {
		names, _ = intern(names, voc.BCPName(f.BCP))
		names, _ = intern(names, voc.HolderName(f.Agency))
	}
	dst = append(dst, codecVersion)
	dst = binary.AppendUvarint(dst, uint64(len(names)-1))
	for _, n := range names[1:] {
		dst = binary.AppendUvarint(dst, uint64(len(n)))
		dst = append(dst, n...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.facts)))
	var before Time
	for _, f := range v.facts {
		dst = binary.LittleEndian.AppendUint64(dst, f.Key)
		dst = binary.AppendVarint(dst, f.Time-before)
		before = f.Time
		dst = append(dst, f.Type.Code(), byte(f.Kind), f.dims)
		var bcp, agency int
		names, bcp = intern(names, voc.BCPName(f.BCP))
		names, agency = intern(names, voc.HolderName(f.Agency))
		dst = binary.AppendUvarint(dst, uint64(bcp))
		dst = binary.AppendUvarint(dst, uint64(agency))
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.retracted)))
	for _, k := range v.retracted {
		dst = binary.LittleEndian.AppendUint64(dst, k)
	}
	return dst
}

// intern returns the index of name, and appends it if new.
func intern(names []string, name string) ([]string, int) {
	for i, n := range names {
		if n == name {
			return names, i
		}
	}
	return append(names, name), len(names)
}

var errTruncated = errors.New("facts are cut short")

// ParseFacts decodes AppendFacts. A name that the vocabulary lacks is an error: an agency or BCP with stored visits must
// stay in the configuration.
func ParseFacts(src []byte, voc *event.Vocabulary) (*Visit, error) {
	r := reader{src: src}
	if version := r.byte(); version != codecVersion && r.err == nil {
		return nil, fmt.Errorf("facts have version %d, want %d", version, codecVersion)
	}
	names := []string{""}
	for range r.count(1) {
		names = append(names, string(r.bytes(r.uvarint())))
	}
	v := &Visit{}
	var before Time
	for range r.count(14) {
		f := Fact{Key: r.key()}
		f.Time = before + r.varint()
		before = f.Time
		code := r.byte()
		f.Type, _ = event.TypeOfCode(code)
		f.Kind, f.dims = event.InspectionKind(r.byte()), r.byte()
		bcp, agency := r.name(names), r.name(names)
		if r.err == nil && !f.valid() {
			r.err = fmt.Errorf("facts hold type %d, kind %d, dims %d, which are not known", code, f.Kind, f.dims)
		}
		if r.err != nil {
			return nil, r.err
		}
		var ok bool
		if f.BCP, ok = voc.BCP([]byte(bcp)); !ok {
			return nil, fmt.Errorf("a stored visit is of bcp %q, which is not configured", bcp)
		}
		if agency != "" {
			if f.Agency, ok = voc.Agency([]byte(agency)); !ok {
				return nil, fmt.Errorf("a stored visit is of agency %q, which is not configured", agency)
			}
		}
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

// reader reads the encoding; after an error it returns zeros.
type reader struct {
	src []byte
	err error
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

func (r *reader) uvarint() uint64 {
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

func (r *reader) name(names []string) string {
	i := r.uvarint()
	if i >= uint64(len(names)) {
		r.fail()
		return ""
	}
	return names[i]
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errTruncated
	}
	r.src = nil
}
