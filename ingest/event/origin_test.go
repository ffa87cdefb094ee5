package event

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNameOfAnOriginIsParsedBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Origin{
			Kind:   rapid.SampledFrom([]OriginKind{FromTopic, FromImport, FromRequest}).Draw(t, "kind"),
			Name:   rapid.String().Draw(t, "name"),
			Number: rapid.Int64Min(0).Draw(t, "number"),
		}
		if want.Kind == FromTopic {
			want.Part = int(rapid.Int32Min(0).Draw(t, "partition"))
		}
		if got, ok := ParseOrigin(want.String()); !ok || got != want {
			t.Fatalf("%q is %+v, %v; want %+v", want, got, ok, want)
		}
	})
}

// A gate's topic is made anew and has another message at the same offset: that is another letter, of the same topic.
func TestMessagesOfOneOffsetHaveOriginsOfTheirOwn(t *testing.T) {
	first, second := MessageOrigin("gate.events", 3, 17, 0x9ae16a3b2f90404f), MessageOrigin("gate.events", 3, 17, 0xbeef)
	if first.String() != "topic/gate.events@9ae16a3b2f90404f/3/17" || second.String() != "topic/gate.events@000000000000beef/3/17" {
		t.Errorf("the origins are %v and %v", first, second)
	}
	for _, o := range []Origin{first, second, RecordOrigin("gate.events", 3, 17)} {
		if o.Topic() != "gate.events" {
			t.Errorf("the topic of %v is %q", o, o.Topic())
		}
	}
}

func TestOtherTextIsNoOrigin(t *testing.T) {
	for _, text := range []string{
		"", "/", "3/1204", "topic", "topic/3/1204", "topic/dwell.events/3/", "topic/dwell.events/3/-1", "topic/dwell.events/x/1",
		"import", "import/17", "import/a/x", "/a/1", "table/a/1",
	} {
		if o, ok := ParseOrigin(text); ok {
			t.Errorf("%q is taken for %+v", text, o)
		}
	}
}
