package cbor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	sjson "sigs.k8s.io/json"

	"github.com/sheaf-dev/sheaf/rest"
)

// ContentType is that of objects and lists in CBOR.
const ContentType = "application/cbor"

// contentTypeFrames is that of a watch in CBOR: one event after another.
const contentTypeFrames = "application/cbor-seq"

// answerLimit bounds an answer, which is held in memory while it is read, in bytes.
const answerLimit = 1 << 30

// Use makes the clients of a configuration speak CBOR with servers that do, and JSON with all others. A WrapTransport that is there sees what goes
// over the wire. The configuration's Host must be set.
func Use(config *rest.Config) {
	below, base := config.WrapTransport, pathOf(config.Host)
	config.ContentType = rest.ContentTypeJSON
	config.WrapTransport = func(next http.RoundTripper) http.RoundTripper {
		if below != nil {
			next = below(next)
		}
		return newTransport(next, base)
	}
}

// pathOf returns the path of a server's URL, which may lack its scheme, without a slash at the end.
func pathOf(host string) string {
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host = rest
	}
	_, path, ok := strings.Cut(host, "/")
	if path = strings.TrimRight(path, "/"); !ok || path == "" {
		return ""
	}
	return "/" + path
}

// transport speaks CBOR with servers that do so, and JSON with the code above it, which knows nothing of it. Objects are sent in CBOR to
// the servers of those groups and versions that have answered in CBOR, so that none has to refuse one. Patches stay JSON.
type transport struct {
	next http.RoundTripper
	base string // path of the server's URL

	mu     sync.Mutex      // owns spoken
	spoken map[string]bool // by group and version: "/api/v1"
}

func newTransport(next http.RoundTripper, base string) *transport {
	return &transport{next: next, base: base, spoken: map[string]bool{}}
}

// RoundTrip asks for CBOR where JSON is asked for, and turns an answer in CBOR into JSON.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	gv := t.groupVersion(req.URL.Path)
	if gv == "" {
		return t.next.RoundTrip(req)
	}
	out := req.Clone(req.Context())
	if accept := req.Header.Get("Accept"); accept != "" {
		out.Header.Set("Accept", prefer(accept))
	}
	if t.speaks(gv) {
		if err := send(out); err != nil {
			return nil, err
		}
	}
	resp, err := t.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	switch mediaType(resp.Header.Get("Content-Type")) {
	case ContentType:
		t.learn(gv)
		resp.Body = &body{ReadCloser: resp.Body}
	case contentTypeFrames:
		t.learn(gv)
		resp.Body = newFrames(resp.Body)
	default:
		return resp, nil
	}
	resp.Header.Set("Content-Type", rest.ContentTypeJSON)
	resp.Header.Del("Content-Length")
	resp.ContentLength = -1
	return resp, nil
}

// groupVersion returns the path of the group and version that a resource's path belongs to, or "" for any other path.
func (t *transport) groupVersion(path string) string {
	path, ok := strings.CutPrefix(path, t.base)
	if !ok {
		return ""
	}
	parts := strings.Split(path, "/") // the first is empty
	switch {
	case len(parts) > 3 && parts[1] == "api":
		return strings.Join(parts[:3], "/")
	case len(parts) > 4 && parts[1] == "apis":
		return strings.Join(parts[:4], "/")
	}
	return ""
}

func (t *transport) speaks(gv string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spoken[gv]
}

func (t *transport) learn(gv string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoken[gv] = true
}

// prefer puts before each entry of an Accept header that is JSON the same one in CBOR.
func prefer(accept string) string {
	var entries []string
	for entry := range strings.SplitSeq(accept, ",") {
		entry = strings.TrimSpace(entry)
		if mediaType(entry) == rest.ContentTypeJSON {
			entries = append(entries, ContentType+entry[len(rest.ContentTypeJSON):])
		}
		entries = append(entries, entry)
	}
	return strings.Join(entries, ",")
}

// send turns an object that a request sends in JSON into CBOR.
func send(req *http.Request) error {
	if req.GetBody == nil || mediaType(req.Header.Get("Content-Type")) != rest.ContentTypeJSON {
		return nil
	}
	data, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return err
	}
	var value any
	if err := sjson.UnmarshalCaseSensitivePreserveInts(data, &value); err != nil {
		return fmt.Errorf("the body in JSON: %w", err)
	}
	if data, err = direct.Marshal(value); err != nil {
		return fmt.Errorf("the body in CBOR: %w", err)
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(data))
	req.Header.Set("Content-Type", ContentType)
	return nil
}

// body is a body in CBOR that is read as JSON. The first Read takes all of it.
type body struct {
	io.ReadCloser
	text io.Reader // nil before the first Read
	err  error
}

func (b *body) Read(p []byte) (int, error) {
	if b.text == nil && b.err == nil {
		b.err = b.convert()
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.text.Read(p)
}

func (b *body) convert() error {
	data, err := io.ReadAll(io.LimitReader(b.ReadCloser, answerLimit+1))
	switch {
	case err != nil:
		return err
	case len(data) > answerLimit:
		return fmt.Errorf("it is larger than %d bytes: ask for JSON or for pages", answerLimit)
	}
	text, err := toJSON(data)
	b.text = bytes.NewReader(text)
	return err
}

func toJSON(data []byte) ([]byte, error) {
	var value any
	if err := direct.Unmarshal(data, &value); err != nil {
		return nil, fmt.Errorf("the body in CBOR: %v", err) // not wrapped: it may be io.ErrUnexpectedEOF, and no connection broke
	}
	return json.Marshal(value)
}

// frames is a stream of events in CBOR that is read as events in JSON, each as soon as it is there.
type frames struct {
	io.ReadCloser
	frames *cbor.Decoder
	line   []byte // what is left of the event
}

// frameLimits let in what servers send; the defaults stop at 32 levels.
var frameLimits = func() cbor.DecMode {
	mode, err := cbor.DecOptions{MaxNestedLevels: 256, MaxArrayElements: 1 << 24, MaxMapPairs: 1 << 24}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}()

func newFrames(body io.ReadCloser) *frames {
	return &frames{ReadCloser: body, frames: frameLimits.NewDecoder(body)}
}

func (f *frames) Read(p []byte) (int, error) {
	for len(f.line) == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.line)
	f.line = f.line[n:]
	return n, nil
}

// next reads one event.
func (f *frames) next() error {
	var raw cbor.RawMessage
	if err := f.frames.Decode(&raw); err != nil {
		return err
	}
	event := struct { // the type first, as readers of a stream want it
		Type   string `json:"type"`
		Object any    `json:"object"`
	}{}
	if err := direct.Unmarshal(raw, &event); err != nil {
		return fmt.Errorf("an event in CBOR: %w", err)
	}
	line, err := json.Marshal(event)
	f.line = append(line, '\n')
	return err
}

func mediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}
