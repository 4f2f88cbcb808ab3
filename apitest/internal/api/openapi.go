package api

import (
	"crypto/sha512"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"

	openapiv2 "github.com/google/gnostic-models/openapiv2"
	openapiv3 "github.com/google/gnostic-models/openapiv3"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/openapi"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
)

// serveOpenAPI serves /openapi/v2, the one document of all; /openapi/v3, the list of the documents; and these below it.
func (a *API) serveOpenAPI(w http.ResponseWriter, r *http.Request, path string) {
	if path == "/openapi/v2" {
		doc, err := a.openapi.swagger(a)
		if err != nil {
			a.SendError(w, r, err)
			return
		}
		a.sendDocument(w, r, "v2", doc, swaggerProtobuf)
		return
	}
	docs := a.openapi.documents(a)
	if path == "/openapi/v3" {
		paths := map[string]any{}
		for name, doc := range docs {
			paths[name] = map[string]string{"serverRelativeURL": "/openapi/v3/" + name + "?hash=" + doc.hash}
		}
		a.sendJSONAs(w, r, "text/plain; charset=utf-8", map[string]any{"paths": paths}) // so says the real server
		return
	}
	doc, ok := docs[strings.TrimPrefix(path, "/openapi/v3/")]
	if !ok {
		noPath(w)
		return
	}
	a.sendDocument(w, r, "v3", doc, documentProtobuf)
}

// sendDocument sends an OpenAPI document as JSON or protobuf.
func (a *API) sendDocument(w http.ResponseWriter, r *http.Request, version string, doc document, encode func([]byte) ([]byte, error)) {
	w.Header().Add("Vary", "Accept")
	asProtobuf, ok := openapiFormat(r.Header.Get("Accept"), version)
	if !ok {
		w.WriteHeader(http.StatusNotAcceptable)
		return
	}
	etag := strconv.Quote(doc.hash)
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	mediaType, data := wire.MediaJSON, doc.json
	if asProtobuf {
		var err error
		if data, err = encoded.get(doc, encode); err != nil {
			a.SendError(w, r, err)
			return
		}
		mediaType = openapiProtobuf + version + ".v1.0+protobuf"
	}
	var b body
	b.add(data)
	a.send(w, r, http.StatusOK, mediaType, &b)
}

// openapiProtobuf begins the media types of documents in protobuf. Clients ask with an @ after the version, which media types must not
// have, so that answers have a dot.
const openapiProtobuf = "application/com.github.proto-openapi.spec."

// openapiFormat returns the first of the accepted formats that there is.
func openapiFormat(accept, version string) (asProtobuf, ok bool) {
	if strings.TrimSpace(accept) == "" {
		return false, true
	}
	for clause := range strings.SplitSeq(accept, ",") {
		media, _, _ := strings.Cut(clause, ";")
		switch strings.TrimSpace(media) {
		case wire.MediaJSON, "application/*", "*/*":
			return false, true
		case openapiProtobuf + version + "@v1.0+protobuf", openapiProtobuf + version + ".v1.0+protobuf":
			return true, true
		}
	}
	return false, false
}

// document is an OpenAPI document as JSON, with its hash.
type document struct {
	json []byte
	hash string
}

func newDocument(data []byte) document { return document{data, fmt.Sprintf("%X", sha512.Sum512(data))} }

// builtIn are the captured documents of built-in groups, by path.
var builtIn = sync.OnceValue(func() map[string]document {
	docs := map[string]document{}
	for path, data := range openapi.Documents() {
		docs[path] = newDocument(data)
	}
	return docs
})

// library holds the OpenAPI documents of a server, which take long to make, until other kinds are defined.
type library struct {
	mu    sync.Mutex // owns all below
	state any        // of the kinds from which the rest was made
	docs  map[string]document
	whole *document // of version 2; nil: not made yet
}

// update makes the documents anew if they have become old. The caller holds mu.
func (l *library) update(a *API) {
	state := a.objects.Kinds.State() // asked first: what is defined meanwhile makes the documents old at once
	if l.docs != nil && l.state == state {
		return
	}
	docs := maps.Clone(builtIn())
	for path, data := range a.customDocuments() {
		docs[path] = newDocument(data)
	}
	l.state, l.docs, l.whole = state, docs, nil
}

// documents returns the documents of version 3 by path: the captured ones of built-in groups, and those of the others. They are shared.
func (l *library) documents(a *API) map[string]document {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.update(a)
	return l.docs
}

// swagger returns the document of version 2.
func (l *library) swagger(a *API) (document, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.update(a)
	if l.whole == nil {
		custom := map[string][]byte{}
		for path, doc := range l.docs {
			if openapi.Documents()[path] == nil {
				custom[path] = doc.json
			}
		}
		version := a.version()
		data, err := openapi.Swagger(version.Major+"."+version.Minor, custom)
		if err != nil {
			return document{}, err
		}
		doc := newDocument(data)
		l.whole = &doc
	}
	return *l.whole, nil
}

// customDocuments returns the documents of all that is not in the captured ones.
func (a *API) customDocuments() map[string][]byte {
	captured := openapi.Documents()
	byPath := map[string][]openapi.CustomKind{}
	for _, k := range a.objects.Kinds.All() {
		path := documentPath(k.GVR().GroupVersion())
		if captured[path] != nil {
			continue
		}
		described := openapi.CustomKind{Definition: k.Def}
		if c := k.Custom(); c != nil {
			described.Schema = c.Schema
		}
		byPath[path] = append(byPath[path], described)
	}
	docs := map[string][]byte{}
	for path, kinds := range byPath {
		if doc, err := openapi.CustomDocument(kinds); err == nil {
			docs[path] = doc
		}
	}
	return docs
}

// documentPath is the name of a group version's document.
func documentPath(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "api/" + gv.Version
	}
	return "apis/" + gv.String()
}

// documentCache holds documents that have been encoded, since that takes long, and forgets the oldest.
type documentCache struct {
	mu    sync.Mutex // owns all below
	docs  map[string][]byte
	order []string
}

// encoded are the documents that have been asked for as protobuf, by the hash of their JSON.
var encoded = documentCache{docs: map[string][]byte{}}

const encodedDocuments = 200

func (c *documentCache) get(doc document, encode func([]byte) ([]byte, error)) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if data, ok := c.docs[doc.hash]; ok {
		return data, nil
	}
	data, err := encode(doc.json)
	if err != nil {
		return nil, err
	}
	c.docs[doc.hash] = data
	if c.order = append(c.order, doc.hash); len(c.order) > encodedDocuments {
		delete(c.docs, c.order[0])
		c.order = c.order[1:]
	}
	return data, nil
}

func documentProtobuf(doc []byte) ([]byte, error) {
	parsed, err := openapiv3.ParseDocument(doc)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(parsed)
}

func swaggerProtobuf(doc []byte) ([]byte, error) {
	parsed, err := openapiv2.ParseDocument(doc)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(parsed)
}
