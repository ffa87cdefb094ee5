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
