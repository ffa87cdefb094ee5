package receiver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func packed(t *testing.T, encoding, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip", "X-GZIP":
		w = gzip.NewWriter(&out)
	case "zstd":
		encoder, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(maxWindow))
		if err != nil {
			t.Fatal(err)
		}
		w = encoder
	default:
		return []byte(text)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (b *border) postPacked(t *testing.T, form, encoding string, body []byte) (*httptest.ResponseRecorder, Receipt) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Path, bytes.NewReader(body))
	r.Header.Set("Content-Type", form)
	r.Header.Set("Content-Encoding", encoding)
	r.Header.Set("Authorization", "Bearer "+b.secret)
	return b.send(t, r)
}

// A body says the same however it is packed: the same events are taken, and what is refused is the same letter.
func TestPackedBodyIsTakenAsAPlainOne(t *testing.T) {
	body := fact("1", "truck.arrived", "T1") + "\n" + fact("2", "truck.arrived", "T2") + "\n{\n"
	b := open(t, nil)
	_, plain := b.post(t, ndjson, body)
	for n, encoding := range []string{"gzip", "X-GZIP", "zstd", "identity"} {
		w, receipt := b.postPacked(t, ndjson, encoding, packed(t, encoding, body))
		if w.Code != http.StatusMultiStatus || receipt.Request != plain.Request || receipt.Taken != 2 || receipt.Refused != 1 {
			t.Errorf("%s: %d %+v, want %+v", encoding, w.Code, receipt.Count, plain.Count)
		}
		if len(b.records) != 2*(n+2) || len(b.letters) != 1 || string(b.records[2*n+3].Value) != fact("2", "truck.arrived", "T2") {
			t.Errorf("%s: %d records, %d letters", encoding, len(b.records), len(b.letters))
		}
	}
}

// bomb is how many bytes a small body unpacks to.
const bomb = 256 << 20

// allocated is how many bytes of memory were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A body that unpacks to as much as is allowed is taken. One byte more, and a bomb of some kilobytes, is refused before it is in memory.
func TestBoundOfABodyHoldsOnceItIsUnpacked(t *testing.T) {
	for _, encoding := range []string{"gzip", "zstd"} {
		for more, want := range map[int]int{0: 200, 1: 413, bomb: 413} {
			b := open(t, func(c *Config) { c.MaxBody = leastBody })
			var body bytes.Buffer
			arrived := fact("1", "truck.arrived", "T1") + "\n"
			spaces(t, &body, encoding, arrived, leastBody-len(arrived)+more)
			if more == bomb && body.Len() > leastBody {
				t.Fatalf("%s: the bomb has %d bytes", encoding, body.Len())
			}
			before := allocated()
			w, receipt := b.postPacked(t, ndjson, encoding, body.Bytes())
			if taken := allocated() - before; taken > 16*leastBody {
				t.Errorf("%s, %d bytes more: %d bytes of memory were allocated", encoding, more, taken)
			}
			if w.Code != want || len(b.records) != map[int]int{200: 1, 413: 0}[want] || len(b.letters) > 0 {
				t.Errorf("%s, %d bytes more: %d %+v, %d records", encoding, more, w.Code, receipt, len(b.records))
			}
			if detail := fmt.Sprintf("it may have %d bytes, also once it is unpacked; send fewer events at once", leastBody); want == 413 && (receipt.Detail != detail || w.Header().Get("Connection") != "close") {
				t.Errorf("%s, %d bytes more: %+v", encoding, more, receipt)
			}
		}
	}
}

// spaces packs a text and so many spaces after it.
func spaces(t *testing.T, to io.Writer, encoding, text string, n int) {
	t.Helper()
	var w io.WriteCloser = gzip.NewWriter(to)
	if encoding == "zstd" {
		var err error
		if w, err = zstd.NewWriter(to, zstd.WithEncoderConcurrency(1)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := io.WriteString(w, text)
	for block := strings.Repeat(" ", 1<<16); err == nil && n > 0; n -= len(block) {
		_, err = io.WriteString(w, block[:min(n, len(block))])
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
}

// A body that breaks off, is damaged, is followed by something else, or is not packed at all is refused as a whole: the events before the
// damage are not taken either.
func TestNothingIsTakenOfABodyThatCannotBeUnpacked(t *testing.T) {
	body := strings.Repeat(fact("1", "truck.arrived", "T1")+"\n"+fact("2", "truck.arrived", "T2")+"\n", 50)
	for _, encoding := range []string{"gzip", "zstd"} {
		whole := packed(t, encoding, body)
		damaged := bytes.Clone(whole)
		damaged[len(damaged)-6] ^= 1
		for name, bad := range map[string][]byte{
			"empty": {}, "plain": []byte(body), "cut": whole[:len(whole)-5], "damaged": damaged, "followed by text": append(bytes.Clone(whole), body...),
		} {
			b := open(t, nil)
			w, receipt := b.postPacked(t, ndjson, encoding, bad)
			if name == "empty" && encoding == "zstd" { // no frame is an empty body
				if w.Code != 200 || receipt.Events != 0 {
					t.Errorf("%s, %s: %d %+v", encoding, name, w.Code, receipt)
				}
				continue
			}
			if w.Code != 400 || receipt.Title != "the body cannot be unpacked" || !strings.HasPrefix(receipt.Detail, "it is not whole and valid "+encoding+": ") || len(b.records)+len(b.letters) > 0 {
				t.Errorf("%s, %s: %d %+v, %d records, %d letters", encoding, name, w.Code, receipt, len(b.records), len(b.letters))
			}
		}
	}
}
