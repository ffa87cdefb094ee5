package api

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"dwell/dashboards/overview"
	"dwell/dashboards/problem"
	"dwell/dashboards/tabular"
)

// form is a way to write an answer.
type form struct {
	name, mediaType string
	// contentType is the media type with what a reader must know beside it.
	contentType string
	write       func(answer any) ([]byte, error)
}

var (
	inJSON   = form{"json", "application/json", "application/json", json.Marshal}
	inCSV    = form{"csv", "text/csv", "text/csv; charset=utf-8; header=present", asRows((*tabular.Table).CSV)}
	inNDJSON = form{"ndjson", "application/x-ndjson", "application/x-ndjson", asRows((*tabular.Table).NDJSON)}

	// The first one is what those get who do not say.
	asDocument = []form{inJSON}
	asTable    = []form{inJSON, inCSV, inNDJSON}
)

func asRows(write func(*tabular.Table, io.Writer) error) func(any) ([]byte, error) {
	return func(answer any) ([]byte, error) {
		t, err := tabular.Of(answer)
		if err != nil {
			return nil, err
		}
		var body bytes.Buffer
		err = write(t, &body)
		return body.Bytes(), err
	}
}

// form is the one that the parameter format names, or else the one that the caller accepts most.
func (q *request) form(offers []form) (form, error) {
	var names, types []string
	for _, f := range offers {
		names, types = append(names, f.name), append(types, f.mediaType)
	}
	name, err := q.word("format", names...)
	if err != nil {
		return form{}, err
	}
	for _, f := range offers {
		if f.name == name {
			return f, nil
		}
	}
	accept := strings.Join(q.Header.Values("Accept"), ",")
	best, most := offers[0], 0.0
	for _, f := range offers {
		if wish := wishFor(f.mediaType, accept); wish > most {
			best, most = f, wish
		}
	}
	if most == 0 {
		return form{}, problem.Document{
			Title: "no such form of the answer", Status: http.StatusNotAcceptable, Parameter: "Accept", Value: accept,
			Detail: "this path answers as " + strings.Join(types, ", ") + "; Accept or the parameter format names one",
		}
	}
	return best, nil
}

// wishFor is how much a caller wants a media type, from 0 to 1: as the most specific range of Accept says that fits (RFC 9110, 12.5.1).
func wishFor(mediaType, accept string) float64 {
	wish, closest := 0.0, -1
	if strings.TrimSpace(accept) == "" {
		return 1
	}
	general, _, _ := strings.Cut(mediaType, "/")
	for part := range strings.SplitSeq(accept, ",") {
		of, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		close := map[string]int{"*/*": 0, general + "/*": 1, mediaType: 2}
		if how, fits := close[of]; fits && how > closest {
			closest, wish = how, 1
			if q, given := parameters["q"]; given {
				wish, _ = strconv.ParseFloat(q, 64) // what is no number is not wanted
			}
		}
	}
	return wish
}

// takeAway adds what a document says beside its rows, and a table cannot: where the next page is, and whether there is more than was asked
// for. Browsers save it under a name.
func takeAway(w http.ResponseWriter, q *request, as form, path string, answer any) {
	var next *string
	truncated := false
	switch a := answer.(type) {
	case *overview.Visits:
		next = a.Next
	case *overview.Found:
		next = a.Next
	case *overview.Readings:
		truncated = a.Truncated
	case *overview.Restatements:
		truncated = a.Truncated
	}
	if next != nil {
		of := url.Values{"cursor": {*next}}
		for name, v := range q.values {
			if name != "cursor" {
				of[name] = v
			}
		}
		w.Header().Set("Link", "<?"+of.Encode()+`>; rel="next"`)
	}
	if truncated {
		w.Header().Set("Dwell-Truncated", "true")
	}
	words := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	name := words[len(words)-1]
	if strings.HasPrefix(name, "{") {
		name = words[len(words)-2]
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+"."+as.name+`"`)
}
