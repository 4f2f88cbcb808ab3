package api

import (
	"crypto/sha512"
	"fmt"
	"net/http"
	"strings"
	"sync"

	openapiv3 "github.com/google/gnostic-models/openapiv3"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/openapi"
)

const openapiProtobuf = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"

// serveOpenAPI serves /openapi/v3, the list of the documents, and the documents below it. There is no /openapi/v2.
func (a *API) serveOpenAPI(w http.ResponseWriter, r *http.Request, path string) {
	docs := a.documents()
	if path == "/openapi/v3" {
		paths := map[string]any{}
		for name, doc := range docs {
			paths[name] = map[string]string{"serverRelativeURL": "/openapi/v3/" + name + "?hash=" + hashOf(doc)}
		}
		a.sendJSON(w, r, map[string]any{"paths": paths})
		return
	}
	doc, ok := docs[strings.TrimPrefix(path, "/openapi/v3/")]
	if !ok {
		noPath(w)
		return
	}
	mediaType := "application/json"
	if strings.Contains(r.Header.Get("Accept"), openapiProtobuf) {
		var err error
		if doc, err = protobufDocument(doc); err != nil {
			a.SendError(w, r, err)
			return
		}
		mediaType = openapiProtobuf
	}
	w.Header().Set("ETag", fmt.Sprintf("%q", hashOf(doc)))
	var b body
	b.add(doc)
	a.send(w, r, http.StatusOK, mediaType, &b)
}

func hashOf(doc []byte) string { return fmt.Sprintf("%X", sha512.Sum512(doc)) }

// documents returns the OpenAPI documents by path: the captured ones of built-in groups, and those of the custom resources.
func (a *API) documents() map[string][]byte {
	out := map[string][]byte{}
	captured := openapi.Documents()
	custom := map[schema.GroupVersion][]openapi.CustomKind{}
	for _, k := range a.objects.Kinds.All() {
		gv := k.GVR().GroupVersion()
		path := "apis/" + gv.String()
		if gv.Group == "" {
			path = "api/" + gv.Version
		}
		if doc, ok := captured[path]; ok {
			out[path] = doc
			continue
		}
		described := openapi.CustomKind{GVK: k.GVK(), Resource: k.GVR().Resource, Namespaced: k.Namespaced()}
		if c := k.Custom(); c != nil {
			described.Schema = c.Schema
		}
		custom[gv] = append(custom[gv], described)
		if doc, err := openapi.CustomDocument(custom[gv]); err == nil {
			out[path] = doc
		}
	}
	return out
}

// encoded are the documents that have been asked for as protobuf, by the hash of their JSON.
var encoded sync.Map

func protobufDocument(doc []byte) ([]byte, error) {
	hash := sha512.Sum512(doc)
	if data, ok := encoded.Load(hash); ok {
		return data.([]byte), nil
	}
	parsed, err := openapiv3.ParseDocument(doc)
	if err != nil {
		return nil, err
	}
	data, err := proto.Marshal(parsed)
	if err == nil {
		encoded.Store(hash, data)
	}
	return data, err
}
