package place

import "testing"

// FuzzParse checks that any file is refused with an error or gives places that can be used.
func FuzzParse(f *testing.F) {
	for _, name := range Shipped() {
		data, err := Source(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("agencies: [{code: customs, names: {en: Customs}}]\nplaces:\n- {id: A, names: {en: A}, time_zone: UTC, calendar: [{days: [mon], hours: [\"07:30-15:30\"]}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		book, err := Parse("places.yaml", data)
		if err != nil {
			return
		}
		if _, err := book.Vocabulary(); err != nil {
			t.Fatalf("no vocabulary: %v", err)
		}
		for i := range book.Places {
			p := &book.Places[i]
			if p.Zone == nil || p.SilentAfter <= 0 || p.LapseAfter <= 0 || book.Place(p.ID) != p {
				t.Fatalf("place %+v", p)
			}
		}
	})
}
