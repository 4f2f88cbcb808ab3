package rest

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
)

// ContentTypeCBOR is the wire format that a Config may ask for and that few servers speak.
const ContentTypeCBOR = "application/cbor"

// mediaTypeCBORFrames is that of a watch in CBOR: one event after another.
const mediaTypeCBORFrames = "application/cbor-seq"

// cborLayer speaks CBOR with servers that do so, and JSON with the code above it, which knows nothing of it. Objects are sent in CBOR to
// the servers of those groups and versions that have answered in CBOR, so that none has to refuse one. Patches stay JSON.
type cborLayer struct {
	next http.RoundTripper
	base string // path of the server's URL

	mu     sync.Mutex      // owns spoken
	spoken map[string]bool // by group and version: "/api/v1"
}

func newCBORLayer(next http.RoundTripper, base string) *cborLayer {
	return &cborLayer{next: next, base: base, spoken: map[string]bool{}}
}

// RoundTrip asks for CBOR where JSON is asked for, and turns an answer in CBOR into JSON.
func (l *cborLayer) RoundTrip(req *http.Request) (*http.Response, error) {
	gv := l.groupVersion(req.URL.Path)
	if gv == "" {
		return l.next.RoundTrip(req)
	}
	out := req.Clone(req.Context())
	out.Header.Set("Accept", preferCBOR(req.Header.Get("Accept")))
	if l.speaks(gv) {
		if err := sendCBOR(out); err != nil {
			return nil, err
		}
	}
	resp, err := l.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	switch mediaType(resp.Header.Get("Content-Type")) {
	case ContentTypeCBOR:
		l.learn(gv)
		resp.Body = &cborBody{ReadCloser: resp.Body}
	case mediaTypeCBORFrames:
		l.learn(gv)
		resp.Body = newCBORFrames(resp.Body)
	default:
		return resp, nil
	}
	resp.Header.Set("Content-Type", ContentTypeJSON)
	resp.Header.Del("Content-Length")
	resp.ContentLength = -1
	return resp, nil
}

// CloseIdleConnections closes the connections that no request uses.
func (l *cborLayer) CloseIdleConnections() { closeIdle(l.next) }

// groupVersion returns the path of the group and version that a resource's path belongs to, or "" for any other path.
func (l *cborLayer) groupVersion(path string) string {
	path, ok := strings.CutPrefix(path, l.base)
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

func (l *cborLayer) speaks(gv string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spoken[gv]
}

func (l *cborLayer) learn(gv string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spoken[gv] = true
}

// preferCBOR puts before each entry of an Accept header that is JSON the same one in CBOR.
func preferCBOR(accept string) string {
	var entries []string
	for entry := range strings.SplitSeq(accept, ",") {
		entry = strings.TrimSpace(entry)
		if mediaType(entry) == ContentTypeJSON {
			entries = append(entries, ContentTypeCBOR+entry[len(ContentTypeJSON):])
		}
		entries = append(entries, entry)
	}
	return strings.Join(entries, ",")
}

// sendCBOR turns an object that a request sends in JSON into CBOR.
func sendCBOR(req *http.Request) error {
	if req.GetBody == nil || mediaType(req.Header.Get("Content-Type")) != ContentTypeJSON {
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
	req.Header.Set("Content-Type", ContentTypeCBOR)
	return nil
}

// cborBody is a body in CBOR that is read as JSON. The first Read takes all of it.
type cborBody struct {
	io.ReadCloser
	text io.Reader // nil before the first Read
	err  error
}

func (b *cborBody) Read(p []byte) (int, error) {
	if b.text == nil && b.err == nil {
		b.err = b.convert()
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.text.Read(p)
}

func (b *cborBody) convert() error {
	data, err := io.ReadAll(io.LimitReader(b.ReadCloser, answerLimit+1))
	switch {
	case err != nil:
		return err
	case len(data) > answerLimit:
		return fmt.Errorf("it is larger than %d bytes: ask for JSON or for pages", answerLimit)
	}
	text, err := cborToJSON(data)
	b.text = bytes.NewReader(text)
	return err
}

func cborToJSON(data []byte) ([]byte, error) {
	var value any
	if err := direct.Unmarshal(data, &value); err != nil {
		return nil, fmt.Errorf("the body in CBOR: %v", err) // not wrapped: it may be io.ErrUnexpectedEOF, and no connection broke
	}
	return json.Marshal(value)
}

// cborFrames is a stream of events in CBOR that is read as events in JSON, each as soon as it is there.
type cborFrames struct {
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

func newCBORFrames(body io.ReadCloser) *cborFrames {
	return &cborFrames{ReadCloser: body, frames: frameLimits.NewDecoder(body)}
}

func (f *cborFrames) Read(p []byte) (int, error) {
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
func (f *cborFrames) next() error {
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
