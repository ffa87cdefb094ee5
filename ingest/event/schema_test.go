package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// anyEvent draws an event of a type that a source might send, with every field that the type may have.
func anyEvent(v *Vocabulary, typ Type) *rapid.Generator[Event] {
	names := rapid.StringMatching(`[A-Za-z0-9 /"\\\x01-\x1féعд-]{1,20}`)
	return rapid.Custom(func(t *rapid.T) Event {
		e := Event{
			Type: typ, ID: []byte(names.Draw(t, "id")), Source: []byte(names.Draw(t, "source")),
			Subject: []byte(names.Draw(t, "subject")), BCP: BCP(rapid.IntRange(1, 2).Draw(t, "bcp")),
			Time:        rapid.Int64Range(Earliest, Latest-1).Draw(t, "time"),
			Observation: NoObservation(),
		}
		e.Recorded = max(Earliest, min(Latest-1, e.Time+rapid.Int64Range(-1000, 1_000_000).Draw(t, "delay")))
		e.Edition = uint32(max(0, rapid.Int32Min(-2).Draw(t, "edition")))
		e.Direction = Direction(rapid.IntRange(1, 2).Draw(t, "direction"))
		if typ.OfVisit() {
			e.Regime = Regime(rapid.IntRange(0, int(Empty)).Draw(t, "regime"))
		}
		if typ.has(withLane) || rapid.Bool().Draw(t, "has a lane") {
			e.Lane = []byte(names.Draw(t, "lane"))
		}
		if typ.HasAgency() {
			e.Agency = rapid.SampledFrom([]Agency{1, 3}).Draw(t, "agency") // border_police, customs
		}
		if typ.has(withChannel) {
			e.Channel = Channel(rapid.IntRange(1, int(Blue)).Draw(t, "channel"))
		}
		if typ.has(withResult) {
			e.Result = Result(rapid.IntRange(0, int(NonConformant)).Draw(t, "result"))
		}
		if typ.has(withKind) {
			e.Kind = InspectionKind(rapid.IntRange(1, int(ImmigrationSecurity)).Draw(t, "kind"))
		}
		if typ.has(withHold) && rapid.Bool().Draw(t, "has a hold id") {
			e.Hold = []byte(names.Draw(t, "hold"))
		}
		if typ.has(withReading) {
			if rapid.Bool().Draw(t, "has a queue") {
				e.Queue = []byte(names.Draw(t, "queue"))
			}
			e.State = QueueState(rapid.IntRange(0, int(ClosedState)).Draw(t, "state"))
			e.LanesOpen = rapid.Int64Range(-1, 40).Draw(t, "lanes open")
			e.ServiceRate = rapid.Int64Range(-1, 1000).Draw(t, "service rate")
			e.Vehicles = rapid.Int64Range(-1, 10_000).Draw(t, "vehicles")
			e.WaitSeconds = rapid.Int64Range(-1, 1_000_000).Draw(t, "wait")
			e.AgeSeconds = rapid.Int64Range(-1, 1_000_000).Draw(t, "age")
		}
		if typ.has(withRetracted) {
			e.RetractedID, e.RetractedSource = []byte(names.Draw(t, "retracted id")), []byte(names.Draw(t, "retracted source"))
			e.RetractedTime = rapid.Int64Range(Earliest, Latest-1).Draw(t, "retracted time")
			e.RetractedEdition = uint32(max(0, rapid.Int32Min(-2).Draw(t, "retracted edition")))
			e.AboutPlace = rapid.Bool().Draw(t, "about a place")
		}
		if typ.OfPlace() || types[typ].about == aQueue || e.AboutPlace {
			e.Subject = []byte(v.BCPName(e.BCP))
		}
		if typ.OfVisit() && string(e.Subject) == v.BCPName(e.BCP) {
			e.Subject = append(e.Subject, '1')
		}
		return e
	})
}

func TestEventRoundTripMatchesItsSchema(t *testing.T) {
	v := testVocabulary(t)
	for _, typ := range Types() {
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join("schema", typ.String()+".json"))
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			e := anyEvent(v, typ).Draw(t, "event")
			written := AppendStructured(nil, v, &e)
			e.Data = AppendData(nil, v, &e)
			comesBack(t, v, &e, &Record{Key: e.Subject, Value: written, Time: e.Time})
			document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(written)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(document); err != nil {
				t.Fatalf("%s: %v", written, err)
			}
			removeEach(t, v, schema, &e, document.(map[string]any))
		})
	}
}

// equal compares what the encoder promises to keep.
func equal(a, b *Event) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// removeEach takes away one required field after the other: neither the schema nor the decoder takes what is left.
func removeEach(t *rapid.T, v *Vocabulary, schema *jsonschema.Schema, e *Event, document map[string]any) {
	data := document["data"].(map[string]any)
	try := func(from map[string]any, field string) {
		value := from[field]
		delete(from, field)
		defer func() { from[field] = value }()
		if err := schema.Validate(document); err == nil {
			t.Fatalf("the schema takes %v without %s", document, field)
		}
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		var got Event
		if r := NewDecoder(v, time.Minute).Decode(&Record{Key: e.Subject, Value: text, Time: e.Time}, &got); r == nil {
			t.Fatalf("the decoder takes %s without %s", text, field)
		}
	}
	for _, field := range schema.Required {
		try(document, field)
	}
	for _, field := range schema.Properties["data"].Required {
		try(data, field)
	}
}

func TestAsyncAPINamesEveryTypeAndReason(t *testing.T) {
	text, err := os.ReadFile("asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		AsyncAPI string `yaml:"asyncapi"`
		Channels map[string]struct {
			Messages map[string]struct {
				Ref string `yaml:"$ref"`
			} `yaml:"messages"`
		} `yaml:"channels"`
		Components struct {
			Messages map[string]struct {
				Name    string `yaml:"name"`
				Payload struct {
					Schema struct {
						Ref string `yaml:"$ref"`
					} `yaml:"schema"`
				} `yaml:"payload"`
				Headers struct {
					Properties map[string]struct {
						Enum []string `yaml:"enum"`
					} `yaml:"properties"`
				} `yaml:"headers"`
			} `yaml:"messages"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if document.AsyncAPI != "3.0.0" {
		t.Errorf("asyncapi %q", document.AsyncAPI)
	}
	refs := map[string]string{}
	for name, m := range document.Components.Messages {
		if file := m.Payload.Schema.Ref; file != "" {
			refs[m.Name] = file
			if _, err := os.Stat(file); err != nil {
				t.Errorf("message %s: %v", name, err)
			}
		}
	}
	for _, channel := range document.Channels {
		for name, m := range channel.Messages {
			to, ok := strings.CutPrefix(m.Ref, "#/components/messages/")
			if _, there := document.Components.Messages[to]; !ok || !there {
				t.Errorf("message %s: %q is a broken reference", name, m.Ref)
			}
		}
	}
	for _, typ := range Types() {
		if got, want := refs[typ.Wire()], "./schema/"+typ.String()+".json"; got != want {
			t.Errorf("%s: payload %q, want %q", typ.Wire(), got, want)
		}
	}
	var reasons []string
	for _, r := range Reasons() {
		reasons = append(reasons, string(r))
	}
	if got := document.Components.Messages["deadLetter"].Headers.Properties["dwell-reason"].Enum; !slices.Equal(got, reasons) {
		t.Errorf("dead letters have the reasons %v, want %v", got, reasons)
	}
}
