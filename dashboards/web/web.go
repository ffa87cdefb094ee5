// Package web is the page: static files that are part of the program.
//
// It promises a page that loads from its own server alone, runs no script and no style that is not in these
// files, and works from below any path. The files are what the browser gets: nothing is built.
//
//	main.js       what is shown when
//	live.js       the connection and the overview it keeps
//	simulation.js the banner over data that are made up
//	place.js      one border crossing point of the overview; totals.js all of them
//	detail.js     the detail of one of them; chart.js its history, readings.js the readings of its queue, refresh.js when it loads
//	agencies.js   names and colours of agencies
//	bars.js       stacked bars; sparkline.js trends
//	strings.js    every word; measures.js the names of measures; format.js every number and time
//
// A test keeps measures.js equal to the table of measures in metrics/window.
//
//go:generate go test -run TestMeasuresOfThePage -update
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// New serves the page. Files are asked for again each time and come only if they changed.
func New() (http.Handler, error) {
	files, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, path)
		sum := sha256.Sum256(data)
		tags[path] = fmt.Sprintf(`"%s"`, base64.RawURLEncoding.EncodeToString(sum[:12]))
		return err
	})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only reading is allowed", http.StatusMethodNotAllowed)
			return
		}
		path := strings.TrimPrefix(r.URL.Path, "/")
		if path == "" {
			path = "index.html"
		}
		tag, ok := tags[path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		file, err := files.Open(path)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer func() { _ = file.Close() }()
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, path, time.Time{}, file.(io.ReadSeeker))
	}), nil
}
