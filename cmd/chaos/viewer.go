package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// cutViewer opens the live view through a proxy that ends its connections in the middle of frames or refuses them. The viewer comes back
// as a page does, never to an overview that is older than what it was shown, and at the end has the overview that one without a proxy has.
func cutViewer(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	i, cuts := r.IntN(len(b.instances)), make([]time.Duration, 4+r.IntN(8))
	for j := range cuts {
		cuts[j] = between(r, 200*time.Millisecond, 2*time.Second)
	}
	if err := b.ready(ctx); err != nil {
		return "", err
	}
	addrs, err := freeAddresses(1)
	if err != nil {
		return "", err
	}
	web, err := newProxy("page", addrs[0], b.pages[i])
	if err != nil {
		return "", err
	}
	defer web.toxi.Stop()
	watching, stop := context.WithCancel(ctx)
	v := &viewer{addr: addrs[0]}
	var viewers sync.WaitGroup
	defer func() { stop(); viewers.Wait() }()
	viewers.Go(func() { v.watch(watching) })
	if err := b.until(ctx, "a viewer has an overview", v.has); err != nil {
		return "", err
	}
	for _, d := range cuts {
		if err := errors.Join(pause(ctx, d), web.cut(ctx, r, d)); err != nil {
			return "", err
		}
	}
	defer b.load.hold()()
	if err := b.caughtUp(ctx); err != nil {
		return "", err
	}
	var differs error
	err = b.until(ctx, "the viewer has the overview", func() bool {
		direct := &viewer{addr: b.pages[i]}
		if differs = direct.read(ctx, 1); differs == nil {
			differs = v.reached(direct)
		}
		return differs == nil
	})
	if err != nil {
		return "", errors.Join(err, differs)
	}
	stop()
	viewers.Wait()
	if v.failed == nil && v.opened < 2 {
		v.failed = fmt.Errorf("the viewer has opened %d connections, while %d were cut", v.opened, len(cuts))
	}
	return fmt.Sprintf("%d cuts of the live view of %s, %d connections, %d frames", len(cuts), b.instances[i].name, v.opened, v.frames), v.failed
}

// cut ends the connections through the proxy in one of several ways, and lets others through after d.
func (w *proxy) cut(ctx context.Context, r *rand.Rand, d time.Duration) error {
	ways := []networkFault{
		{"resets", "reset_peer", "downstream", map[string]any{"timeout": 100}},
		{"closed in the middle of frames", "limit_data", "downstream", map[string]any{"bytes": 50 + r.IntN(3000)}},
		{"ended by a timeout", "timeout", "downstream", map[string]any{"timeout": 200}},
		{},
	}
	if way := ways[r.IntN(len(ways))]; way.name != "" {
		if err := w.inject(way); err != nil {
			return err
		}
		return errors.Join(pause(ctx, d), w.heal())
	}
	w.toxi.Stop() // refuses connections
	return errors.Join(pause(ctx, d), w.toxi.Start())
}

// viewer is a client of the live view that does as the page does.
type viewer struct {
	addr string

	mu             sync.Mutex
	stream         string
	number         uint64
	overview       map[string]any
	shown          time.Time // as of when the overview is
	opened, frames int
	failed         error
}

func (v *viewer) has() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.overview != nil
}

// watch keeps a connection open until ctx ends.
func (v *viewer) watch(ctx context.Context) {
	for ctx.Err() == nil {
		_ = v.read(ctx, math.MaxInt) // until it breaks, which it does on purpose
		_ = pause(ctx, 100*time.Millisecond)
	}
}

// read opens a connection and takes so many frames, unless it breaks before.
func (v *viewer) read(ctx context.Context, frames int) error {
	address := url.URL{Scheme: "ws", Host: v.addr, Path: "/live"}
	v.mu.Lock()
	if v.number > 0 {
		address.RawQuery = url.Values{"from": {strconv.FormatUint(v.number, 10)}, "stream": {v.stream}}.Encode()
	}
	v.mu.Unlock()
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	c, res, err := dialer.DialContext(ctx, address.String(), nil)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer func() { _ = c.Close() }()
	v.mu.Lock()
	v.opened++
	v.mu.Unlock()
	for range frames {
		if err := c.SetReadDeadline(time.Now().Add(35 * time.Second)); err != nil { // as the page waits for a frame
			return err
		}
		_, text, err := c.ReadMessage()
		if err != nil {
			return err
		}
		if err := v.take(text); err != nil {
			return err
		}
	}
	return nil
}

// frame is a snapshot, or changes to the overview that the viewer has.
type frame struct {
	Kind, Stream  string
	Number, Since uint64
	Overview      map[string]any
	Places        []map[string]any
}

var errBeginAnew = errors.New("the changes do not lead on from the overview")

// take shows what a frame says.
func (v *viewer) take(text []byte) error {
	var f frame
	var all map[string]any
	if err := errors.Join(json.Unmarshal(text, &f), json.Unmarshal(text, &all)); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.frames++
	switch {
	case f.Kind == "snapshot" && f.Overview != nil:
		v.overview = f.Overview
		all = f.Overview
	case f.Kind == "changes" && v.overview != nil:
		if f.Stream != v.stream || f.Since > v.number {
			v.number = 0
			return errBeginAnew
		}
		v.merge(all, f.Places)
	}
	v.stream, v.number = f.Stream, f.Number
	if text, ok := all["as_of"].(string); ok {
		asOf, err := time.Parse(time.RFC3339, text)
		if err == nil && asOf.Before(v.shown) && v.failed == nil {
			v.failed = fmt.Errorf("a viewer that was shown the border as of %v was then shown it as of %v", v.shown, asOf)
		}
		v.shown = asOf
	}
	return nil
}

// merge applies changes. Sections are whole; the trend, of which only some hours come, is left out.
func (v *viewer) merge(changes map[string]any, places []map[string]any) {
	for _, key := range []string{"time", "as_of", "final_until", "outages", "stands_since", "records_waiting", "damaged_tables"} {
		v.overview[key] = changes[key]
	}
	if total := changes["total"]; total != nil {
		v.overview["total"] = total
	}
	had, _ := v.overview["places"].([]any)
	for _, place := range places {
		i := slices.IndexFunc(had, func(p any) bool { return p.(map[string]any)["id"] == place["id"] })
		if i < 0 {
			continue
		}
		for section, value := range place {
			had[i].(map[string]any)[section] = value
		}
	}
}

// reached returns an error unless the viewer has what another one of the same instance was given.
func (v *viewer) reached(o *viewer) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stream != o.stream || v.number != o.number {
		return fmt.Errorf("the viewer is at number %d of stream %s, and another one at %d of %s", v.number, v.stream, o.number, o.stream)
	}
	var texts []string
	for _, overview := range []map[string]any{v.overview, o.overview} {
		text, err := json.Marshal(overview)
		if err != nil {
			return err
		}
		lasts, err := lasting(string(text))
		if err != nil {
			return err
		}
		texts = append(texts, lasts)
	}
	if texts[0] != texts[1] {
		return fmt.Errorf("the viewer shows\n%s\nand another one\n%s", texts[0], texts[1])
	}
	return nil
}
