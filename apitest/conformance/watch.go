package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Watch is an open watch of a session.
type Watch struct {
	s       *Session
	name    string
	body    io.Closer
	events  chan event
	stopped chan struct{}
}

// event is what was read from a watch.
type event struct {
	Type   string         `json:"type"`
	Object map[string]any `json:"object"`
	err    error
}

// patience is how long a watch's next event is waited for.
const patience = 20 * time.Second

// Watch opens a watch and writes down how the server answers. The name is for the transcript.
func (s *Session) Watch(name, path string, headers ...string) *Watch {
	resp := s.send("GET", path, "", headers...)
	fmt.Fprintf(&s.log, "%d watch %s\n", resp.StatusCode, name)
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		var body map[string]any
		if json.NewDecoder(resp.Body).Decode(&body) == nil {
			s.writeBody(body)
		}
		return nil
	}
	w := &Watch{s: s, name: name, body: resp.Body, events: make(chan event), stopped: make(chan struct{})}
	go w.read(json.NewDecoder(resp.Body))
	return w
}

func (w *Watch) read(d *json.Decoder) {
	for {
		var e event
		e.err = d.Decode(&e)
		select {
		case w.events <- e:
		case <-w.stopped:
			return
		}
		if e.err != nil {
			return
		}
	}
}

// Events writes down the next n events.
func (w *Watch) Events(n int) {
	for range n {
		e := w.next()
		if e.err != nil {
			fmt.Fprintf(&w.s.log, "\n%s: %s\n", w.name, ending(e.err))
			return
		}
		w.write(e)
	}
}

func (w *Watch) next() event {
	select {
	case e := <-w.events:
		return e
	case <-time.After(patience):
		return event{err: errors.New("nothing more comes")}
	}
}

func (w *Watch) write(e event) {
	text := strings.ReplaceAll(strings.TrimSpace(string(w.s.render(e.Object))), "\n", "\n  ")
	if e.Type == "BOOKMARK" { // beside its metadata it is an empty object, whose form differs
		metadata, _ := e.Object["metadata"].(map[string]any)
		text = strings.ReplaceAll(strings.TrimSpace(string(w.s.render(map[string]any{"kind": bookmark, "metadata": metadata}))), "\n", "\n  ")
	}
	fmt.Fprintf(&w.s.log, "\n%s: %s\n  %s\n", w.name, e.Type, text)
}

// Until writes down the events up to one of the type.
func (w *Watch) Until(kind string) {
	for {
		e := w.next()
		if e.err != nil {
			fmt.Fprintf(&w.s.log, "\n%s: %s\n", w.name, ending(e.err))
			return
		}
		w.write(e)
		if e.Type == kind {
			return
		}
	}
}

func ending(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "ends"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "is cut"
	}
	return err.Error()
}

// Close closes the watch.
func (w *Watch) Close() {
	if w != nil {
		close(w.stopped)
		_ = w.body.Close()
	}
}
