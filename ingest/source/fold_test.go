package source_test

import (
	"strings"
	"testing"

	"dwell/ingest/source"
)

// A gate at Kapıkule writes capitals, its clerks small letters, and a program from elsewhere changes the case without knowing of ı and İ. A word is
// the same in codes, in only and except, and in the names of columns and places.
func TestTurkishLettersAreOneInEveryWord(t *testing.T) {
	const m = `source: /kapikule
columns: {bcp: KAPI, time: at, type: işlem, subject: fiş, direction: YÖN}
bcps: {KAPIKULE: PL-18-MEDYKA}
words: {inbound: [GİRİŞ]}
codes: {type: {GELDİ: truck.arrived, ÇIKTI: truck.departed}}
except: {işlem: [TARTILDI]}
events:
  - {only: {işlem: [geldi]}}
  - {only: {işlem: [çıktı]}}
`
	file := "Kapı,at,İŞLEM,FİŞ,yön\n" +
		"Kapıkule,2026-07-01T02:00:00Z,geldi,T1,giriş\n" +
		"KAPIKULE,2026-07-01T03:00:00Z,GELDİ,T2,GIRIŞ\n" +
		"kapikule,2026-07-01T04:00:00Z,geldi\u0307,T3,gi\u0307ri\u0307ş\n" + // a small İ of Python
		"Kapıkule,2026-07-01T05:00:00Z,çikti,T1,giriş\n" +
		"Kapıkule,2026-07-01T06:00:00Z,Çıktı,T2,giriş\n" +
		"Kapıkule,2026-07-01T07:00:00Z,tartıldı,T2,giriş\n" +
		"Kapıkule,2026-07-01T07:00:00Z,tartildi,T2,giriş\n"
	got, tally := events(t, file, mapping(t, m))
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " id=")
	}
	same(t, got, []string{
		"01T02:00 PL-18-MEDYKA T1 truck.arrived inbound",
		"01T03:00 PL-18-MEDYKA T2 truck.arrived inbound",
		"01T04:00 PL-18-MEDYKA T3 truck.arrived inbound",
		"01T05:00 PL-18-MEDYKA T1 truck.departed inbound",
		"01T06:00 PL-18-MEDYKA T2 truck.departed inbound",
	})
	if want := "5 lines: 5 events, 0 refused; 2 not selected by only or except"; tally.String() != want {
		t.Errorf("%v, want %s", tally, want)
	}
	for text, want := range map[string]string{
		strings.Replace(m, "ÇIKTI:", "geldi:", 1):                             "with two meanings",
		strings.Replace(m, "bcps: {", "bcps: {kapıkule: PL-06-DOROHUSK, ", 1): "is there twice but for its case, with two ids",
	} {
		if _, err := source.ParseMapping("m.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The ministry of Romania writes the comma below that its language has, and its offices the cedilla of old code pages.
func TestLettersThatLookAlikeAreOneInEveryWord(t *testing.T) {
	const m = "source: /x\ncolumns: {bcp: punct, time: ora, vehicles: mașini, state: stare}\nbcps: {Albița: PL-18-MEDYKA, В'їзд: PL-06-DOROHUSK}\nwords: {open: [deschis], closed: [închis]}\n"
	got := readAll(t, strings.NewReader("Punct,Ora,Maşini,Stare\nAlbiţa,2026-07-01T02:00:00Z,3,i\u0302nchis\nALBIȚA,2026-07-01T03:00:00Z,4,deschis\nВ’їзд,2026-07-01T03:00:00Z,5,deschis\n"), mapping(t, m))
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " wait=")
	}
	same(t, got, []string{
		"01T02:00 PL-18-MEDYKA queue.observed vehicles=3",
		"01T03:00 PL-18-MEDYKA queue.observed vehicles=4",
		"01T03:00 PL-06-DOROHUSK queue.observed vehicles=5",
	})
}
