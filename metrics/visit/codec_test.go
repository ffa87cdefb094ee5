package visit

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
)

var write = flag.String("write", "", "write the facts of today's vocabulary to a new file of this name in testdata/facts")

// everyFact is a visit with every type of fact, and with every word that a fact may have.
func everyFact(v *event.Vocabulary) *Visit {
	visit := &Visit{bcp: 1, retracted: []uint64{7, 1 << 63}}
	police, _ := v.Agency([]byte("border_police"))
	at, n := day.UnixMilli(), uint64(0)
	add := func(e event.Event) {
		n++
		at += int64(n) * 61_001
		e.Time = at
		f := NewFact(&e)
		f.Key = n * 0x9E3779B97F4A7C15
		visit.Apply(f)
	}
	for _, typ := range event.Types() {
		if typ.OfVisit() {
			add(event.Event{Type: typ, Direction: event.Inbound, Agency: v.Customs, Kind: event.Document})
		}
	}
	for d := event.NoDirection; d <= event.Outbound; d++ {
		add(event.Event{Type: event.TruckArrived, Direction: d})
	}
	for c := event.NoChannel; c <= event.Blue; c++ {
		add(event.Event{Type: event.ChannelAssigned, Direction: event.Outbound, Channel: c})
	}
	for r := event.NoRegime; r <= event.Empty; r++ {
		add(event.Event{Type: event.DeclarationLodged, Direction: event.Inbound, Regime: r})
	}
	for k := event.Document; k <= event.ImmigrationSecurity; k++ {
		add(event.Event{Type: event.InspectionStarted, Direction: event.Inbound, Agency: police, Kind: k})
	}
	add(event.Event{Type: event.HoldPlaced, Direction: event.Inbound, Agency: police, Hold: []byte("H1")})
	for r := event.Conformant; r <= event.NonConformant; r++ {
		add(event.Event{Type: event.InspectionCompleted, Direction: event.Inbound, Agency: police, Kind: event.Scan, Result: r})
	}
	return visit
}

// spelled is a visit's content with every code as a word, one fact a line.
func (v *Visit) spelled(voc *event.Vocabulary) string {
	var out strings.Builder
	for _, f := range v.facts {
		_, _ = fmt.Fprintf(&out, "%016x %s %s direction=%s channel=%s regime=%s agency=%s kind=%s", f.Key,
			time.UnixMilli(f.Time).UTC().Format(time.RFC3339Nano), f.Type,
			f.Direction(), f.Channel(), f.Regime(), voc.HolderName(f.Agency), f.Kind())
		if f.Hold() != 0 {
			_, _ = fmt.Fprintf(&out, " hold=%08x", f.Hold())
		}
		if f.Result() != event.NoResult {
			_, _ = fmt.Fprintf(&out, " result=%s", f.Result())
		}
		out.WriteByte('\n')
	}
	for _, k := range v.retracted {
		_, _ = fmt.Fprintf(&out, "%016x retracted\n", k)
	}
	return out.String()
}

// TestFactsOfEveryVersionAreRead: each file has bytes that some version has stored, in hexadecimal, and what they mean. A file
// never changes. When the vocabulary or the encoding grows, go test ./metrics/visit -run EveryVersion -write NAME adds one.
func TestFactsOfEveryVersionAreRead(t *testing.T) {
	v := vocabulary(t)
	if *write != "" {
		all := everyFact(v)
		text := hex.EncodeToString(all.AppendFacts(nil, v))
		lines := strings.Join(slices.Collect(func(yield func(string) bool) {
			for part := range slices.Chunk([]byte(text), 96) {
				yield(string(part))
			}
		}), "\n")
		file, err := os.OpenFile(filepath.Join("testdata/facts", *write), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(file, "%s\n\n%s", lines, all.spelled(v))
		if err := cmp.Or(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/facts/*")
	if err != nil {
		t.Fatal(err)
	}
	var meanings strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stored, meaning, _ := strings.Cut(string(content), "\n\n")
		bytes, err := hex.DecodeString(strings.ReplaceAll(stored, "\n", ""))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		got, err := ParseFacts(bytes, 1, v)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		} else if got := got.spelled(v); got != meaning {
			t.Errorf("%s is read as\n%s\nwant\n%s", file, got, meaning)
		}
		meanings.WriteString(meaning)
	}
	for line := range strings.Lines(everyFact(v).spelled(v)) {
		for _, word := range strings.Fields(line)[2:] {
			if !slices.Contains(strings.Fields(meanings.String()), word) {
				t.Errorf("no file of testdata/facts has %q", word)
			}
		}
	}
}

// TestFieldsOfALaterVersionAreSkipped reads facts to which a later version has added fields of every form.
func TestFieldsOfALaterVersionAreSkipped(t *testing.T) {
	v := vocabulary(t)
	want := everyFact(v)
	lane := strings.Repeat("L", 200)
	var fields []byte
	fields = binary.AppendUvarint(append(fields, 8<<3|formVarint), 300)
	fields = binary.LittleEndian.AppendUint64(append(fields, 15<<3|formFixed8), 1<<63)
	fields = binary.LittleEndian.AppendUint32(append(fields, 14<<3|formFixed4), 1<<31)
	fields = append(binary.AppendUvarint(append(fields, 7<<3|formBytes), uint64(len(lane))), lane...)
	fields = binary.AppendUvarint(binary.AppendUvarint(fields, 1000<<3|formVarint), 1)

	stored := want.AppendFacts(nil, v)
	for place := range 2 { // before the fields that are known, or after them
		r := reader{src: stored[1:]}
		for range r.count(1) {
			r.bytes(r.uvarint())
		}
		facts := r.uvarint()
		later := slices.Clone(stored[:len(stored)-len(r.src)])
		for range facts {
			record := r.bytes(r.uvarint())
			rest := reader{src: record}
			rest.key()
			rest.varint()
			rest.bytes(2) // type and direction
			if place == 1 {
				rest.src = nil
			}
			known := record[:len(record)-len(rest.src)]
			later = binary.AppendUvarint(later, uint64(len(record)+len(fields)))
			later = append(append(append(later, known...), fields...), rest.src...)
		}
		later = append(later, r.src...)
		if got, err := ParseFacts(later, 1, v); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read are %v, error %v, want\n%s", got, err, want.spelled(v))
		}
	}
}

// TestUnknownCodeIsAnError: a type of a later version counts in ways that this one does not know.
func TestUnknownCodeIsAnError(t *testing.T) {
	v := vocabulary(t)
	visit := &Visit{facts: []Fact{{Key: 1, Type: event.InspectionStarted, data: packInspection(event.Scan, event.Conformant), dims: packDims(event.Inbound, event.Green, event.Import)}}}
	stored := visit.AppendFacts(nil, v)
	at := len(stored) - 1 - 10 // before the count of retracted keys: type, direction, and the tag and code of four fields
	for name, i := range map[string]int{"type": at, "direction": at + 1, "kind": at + 3, "channel": at + 5, "regime": at + 7, "result": at + 9} {
		later := slices.Clone(stored)
		later[i] = 100
		if _, err := ParseFacts(later, 1, v); err == nil || !strings.Contains(err.Error(), name+" 100") {
			t.Errorf("%s with code 100: error %v", name, err)
		}
	}
}
