// Package web is the page: static files that are part of the program.
//
// It promises a page that loads from its own server alone, runs no script and no style that is not in these
// files, and works from below any path. The files are what the browser gets, with the version of the page in index.html: nothing is
// built.
//
//	main.js       what is shown when
//	live.js       the connection and the overview it keeps; polling.js what it does where there is no websocket
//	broken.js     what it says where modules cannot be loaded
//	upgrade.js    the page of another version of the server; clocks.js how much time has passed
//	simulation.js the banner over data that are made up
//	place.js      one border crossing point of the overview; totals.js all of them
//	detail.js     the detail of one of them; chart.js its history, readings.js the readings of its queue, refresh.js when it loads
//	agencies.js   names and colours of agencies
//	bars.js       stacked bars; sparkline.js trends
//	post          the form for posts without software: post/main.js what is shown when, post/queue.js what was recorded, post/sender.js
//	              how it is sent; post_worker.js keeps it for times without a network
//	strings.js    every word; measures.js the names of measures; format.js every number and time
//
// A test keeps measures.js equal to the table of measures in metrics/window.
//
//go:generate go test -run TestMeasuresOfThePage -update
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

const root, index = "static", "index.html"

// form is the form for posts without software, at /post; worker keeps it in browsers.
const form, worker = "post.html", "post_worker.js"

// Page serves the files. They are asked for again each time and come only if they changed.
type Page struct {
	// Version is another one where any file is. The page knows its own, and loads itself again where its server has another.
	Version string
	files   map[string]file
}

type file struct {
	content []byte
	tag     string
}

// New makes the page.
func New() (*Page, error) {
	p := &Page{files: map[string]file{}}
	all := sha256.New()
	err := fs.WalkDir(static, root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(static, path)
		_, _ = fmt.Fprintf(all, "%s %d\n%s", path, len(content), content) // a hash takes all
		p.files[strings.TrimPrefix(path, root+"/")] = fileOf(content)
		return err
	})
	p.Version = base64.RawURLEncoding.EncodeToString(all.Sum(nil)[:12])
	p.stamp(index, `data-page=""`, `data-page="`+p.Version+`"`)
	p.stamp(worker, `version = ""`, `version = "`+p.Version+`"`)
	return p, err
}

// stamp writes the version into a file.
func (p *Page) stamp(name, without, with string) {
	p.files[name] = fileOf(bytes.Replace(p.files[name].content, []byte(without), []byte(with), 1))
}

func fileOf(content []byte) file {
	sum := sha256.Sum256(content)
	return file{content, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only reading is allowed", http.StatusMethodNotAllowed)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	switch path {
	case "":
		path = index
	case "post":
		path = form
	}
	f, ok := p.files[path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", f.tag)
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, path, time.Time{}, bytes.NewReader(f.content))
}
