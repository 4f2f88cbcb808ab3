package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// Target is the server to talk to.
type Target struct {
	URL    string // without a path
	Client *http.Client
	Token  string // sent as bearer token, unless it is empty
	// Compact makes the server forget all past states. Scenarios that need it are left out of Test if it is nil.
	Compact func(ctx context.Context) error
}

// Session is one run of a scenario. Its methods write down what they do; they panic with a failure when the server cannot be talked
// to at all, which ends the scenario.
type Session struct {
	target Target
	ctx    context.Context
	log    strings.Builder
	names  *names
	vars   map[string]string
	full   bool // whole bodies are written down, not only what all servers share
	keep   bool // managed fields are written down
}

// failure is what panics when a scenario cannot go on.
type failure struct{ err error }

func (s *Session) check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// Full writes down whole bodies from now on: for kinds whose defaults and validation every server knows.
func (s *Session) Full() { s.full = true }

// Brief writes down only the parts of bodies that do not depend on the defaults and validation of a kind.
func (s *Session) Brief() { s.full = false }

// KeepManagedFields writes down managed fields too, from now on.
func (s *Session) KeepManagedFields() { s.keep = true }

// Compact makes the server forget all past states.
func (s *Session) Compact() {
	s.Note("the past is forgotten")
	s.check(s.target.Compact(s.ctx))
}

// Note writes a line.
func (s *Session) Note(text string) { fmt.Fprintf(&s.log, "\n# %s\n", text) }

// Set gives a value a name, which paths and bodies use as $name.
func (s *Session) Set(name, value string) { s.vars[name] = value }

// expand replaces names by their values. It is written down unexpanded.
func (s *Session) expand(text string) string {
	return os.Expand(text, func(name string) string {
		if value, ok := s.vars[name]; ok {
			return value
		}
		return "$" + name
	})
}

// Response is an answer.
type Response struct {
	Code   int
	Header http.Header
	Body   []byte
	JSON   map[string]any // nil unless the body is a JSON object
}

// Field returns the text of a field of a JSON body by its dotted path, "" if there is none.
func (r Response) Field(path string) string {
	var at any = r.JSON
	for part := range strings.SplitSeq(path, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return ""
		}
		at = m[part]
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}

// Do sends a request and writes down both it and its answer. A body starting with "@" and a media type, a space, and the content is sent
// with that type; others are JSON. headers are names and values in turn.
func (s *Session) Do(method, path, body string, headers ...string) Response {
	resp := s.send(method, path, body, headers...)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	s.check(err)
	out := Response{Code: resp.StatusCode, Header: resp.Header, Body: data}
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	fmt.Fprintf(&s.log, "%d %s\n", resp.StatusCode, media)
	for _, warning := range resp.Header["Warning"] {
		fmt.Fprintf(&s.log, "Warning: %s\n", warning)
	}
	if retry := resp.Header.Get("Retry-After"); retry != "" {
		fmt.Fprintf(&s.log, "Retry-After: %s\n", retry)
	}
	if json.Unmarshal(data, &out.JSON) == nil && media == "application/json" {
		s.writeBody(out.JSON)
	} else if media == "text/plain" {
		fmt.Fprintf(&s.log, "%s\n", strings.TrimSpace(string(data)))
	}
	return out
}

// Silently is Do without writing anything down, for preparations.
func (s *Session) Silently(method, path, body string, headers ...string) Response {
	before, names := s.log.String(), s.names
	s.names = newNames() // what is not written down gives no names
	r := s.Do(method, path, body, headers...)
	s.names = names
	s.log.Reset()
	s.log.WriteString(before)
	return r
}

func (s *Session) send(method, path, body string, headers ...string) *http.Response {
	fmt.Fprintf(&s.log, "\n%s %s %s\n", method, path, body)
	media := "application/json"
	if strings.HasPrefix(body, "@") {
		media, body, _ = strings.Cut(body[1:], " ")
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(s.expand(body))
	}
	return s.sendRaw(method, path, media, reader, headers...)
}

func (s *Session) sendRaw(method, path, media string, body io.Reader, headers ...string) *http.Response {
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	r, err := http.NewRequestWithContext(ctx, method, s.target.URL+s.expand(path), body)
	s.check(err)
	if body != nil && media != "" {
		r.Header.Set("Content-Type", media)
	}
	if s.target.Token != "" {
		r.Header.Set("Authorization", "Bearer "+s.target.Token)
	}
	r.Header.Set("User-Agent", "conformance/1")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		fmt.Fprintf(&s.log, "%s: %s\n", headers[i], headers[i+1])
	}
	resp, err := s.target.Client.Do(r)
	if err != nil {
		cancel()
		s.check(err)
	}
	resp.Body = cancelling{resp.Body, cancel}
	return resp
}

// cancelling ends the request with its body.
type cancelling struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body.
func (c cancelling) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

// writeBody writes a JSON body down as YAML.
func (s *Session) writeBody(body map[string]any) {
	s.log.Write(s.render(body))
}

func (s *Session) render(body map[string]any) []byte {
	clean := s.names.clean(body, s.full, s.keep)
	text, err := yaml.Marshal(clean)
	s.check(err)
	return bytes.TrimPrefix(text, []byte("{}\n"))
}
