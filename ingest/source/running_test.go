package source_test

import (
	"fmt"
	"strings"
	"testing"

	"dwell/ingest/source"
)

// A book numbers its rows. Where a row is inserted at the top, the number of each row below is that of another truck.
func TestNumbersOfRowsAreNoIdentity(t *testing.T) {
	const header = "Р.бр.,Возило,Долазак,Одлазак\n"
	row := func(number, truck int) string {
		return fmt.Sprintf("%d,BG %d-BC,2026-07-01T0%d:00:00Z,\n", number, 100+truck, truck)
	}
	const rest = "source: /x\nbcp: PL-18-MEDYKA\ndirection: inbound\nevents:\n  - {columns: {time: Одлазак}, values: {type: truck.departed}}\n  - {columns: {time: Долазак}, values: {type: truck.arrived}}\n"
	var numbered, sparse, passes, few, again string
	for i := 1; i <= 6; i++ {
		numbered += row(i, i)
		passes += row(4710+i, i)
		again += row(i/3+1, i)
		if i < 5 {
			few += row(i, i)
		}
		if sparse += row(i, i); i == 2 {
			sparse += "\n3,damaged\n"
		}
	}
	sparse = strings.NewReplacer("5,", "6,", "6,", "7,", "4,", "5,", "3,BG", "4,BG").Replace(sparse)
	const subject = `columns.subject: "Р.бр." numbers the records of the file 1, 2, 3, which is no identity: each visit below a record that is inserted or deleted becomes ` +
		`another one; name what a visit has by itself: the number of its pass, which all of its records have`
	const id = `columns.id: "Р.бр." numbers the records of the file 1, 2, 3, so a corrected record replaces the earlier one as long as none is inserted or deleted above; ` +
		`otherwise leave it out, and the subject and the time are the id`
	for name, c := range map[string]struct{ columns, file, subject, id string }{
		"the subject":                {"{subject: Р.бр.}", numbered, subject + ", or columns such as [Возило, Долазак]", ""},
		"subject and id":             {"{subject: Р.бр., id: Р.бр.}", numbered, subject + ", or columns such as [Возило, Долазак]", ""},
		"the id":                     {"{subject: Возило, id: Р.бр.}", numbered, "", id},
		"neither":                    {"{subject: Возило}", numbered, "", ""},
		"a part of the subject":      {"{subject: [Р.бр., Возило]}", numbered, "", ""},
		"a row that cannot be read":  {"{subject: Р.бр.}", sparse, subject + ", or columns such as [Возило, Долазак]", ""},
		"Persian digits":             {"{subject: Р.бр.}", strings.NewReplacer("1,", "۱,", "2,", "۲,").Replace(numbered), subject + ", or columns such as [Возило, Долазак]", ""},
		"numbers of passes":          {"{subject: Р.бр.}", passes, "", ""},
		"a number for several lines": {"{subject: Р.бр.}", again, "", ""},
		"few rows":                   {"{subject: Р.бр.}", few, "", ""},
	} {
		r, err := source.NewReader(strings.NewReader(header+c.file), []source.Mapping{mapping(t, rest+"columns: "+c.columns+"\n")}, vocabulary(t), zoneOf, today)
		if err != nil {
			t.Fatal(err)
		}
		_ = described(t, r)
		if r.RunningSubject() != c.subject || r.RunningID() != c.id {
			t.Errorf("%s: got %q and %q, want %q and %q", name, r.RunningSubject(), r.RunningID(), c.subject, c.id)
		}
	}
}
