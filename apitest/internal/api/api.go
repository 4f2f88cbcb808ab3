package api

import (
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/manage"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// Options of the HTTP face.
type Options struct {
	BookmarkInterval time.Duration // between two bookmarks of a watch
	NoCompression    bool          // no gzip, whatever the client accepts
	Version          string        // of Kubernetes, such as "v1.36.3"
	NoManagedFields  bool          // managed fields are kept only once an object has been applied
	Auth             Auth
}

// API serves requests. It starts nothing and is safe for concurrent use.
type API struct {
	objects *objects.Store
	fields  *manage.Fields
	options Options
	tokens  tokens
	openapi library
}

// New returns the HTTP face of a store.
func New(store *objects.Store, options Options) *API {
	return &API{objects: store, fields: manage.New(store.Kinds), options: options, tokens: tokens{newKey()}}
}

// newKey returns a key that nobody knows.
func newKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return key
}

// ServeHTTP serves one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, ok := ParseRoute(r)
	if !ok {
		a.servePath(w, r)
		return
	}
	a.Serve(w, r, route)
}

// Serve serves a request for a resource.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, route Route) {
	q := &request{api: a, w: w, r: r, Route: route, tampers: tampersOf(r.Context())}
	if err := q.serve(); err != nil {
		q.fail(err)
	}
}

// request is one request for a resource.
type request struct {
	Route
	api    *API
	w      http.ResponseWriter
	r      *http.Request
	query  url.Values
	kind   *kinds.Kind
	accept wire.Accept
	advice []string // warnings for the case of success

	tampers []Tamper
}

// errNoPath: nothing is served below that path. It is answered with the text of Go's mux, as by the real server.
var errNoPath = errors.New("404 page not found")

// errNoResource: the group exists, what the path names in it does not.
var errNoResource error = &apierrors.StatusError{ErrStatus: metav1.Status{
	Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound, Details: &metav1.StatusDetails{},
	Message: "the server could not find the requested resource",
}}

// missing returns the error of a path in a group version.
func (a *API) missing(gv schema.GroupVersion) error {
	if gv.Group == "" {
		return errNoResource
	}
	for _, k := range a.objects.Kinds.All() {
		if k.GVR().Group == gv.Group && (k.Custom() == nil || k.GVR().GroupVersion() == gv) {
			return errNoResource
		}
	}
	return errNoPath
}

func (q *request) serve() error {
	q.accept = untransformed(q.r) // for errors
	kind, ok := q.api.objects.Kinds.Lookup(q.Resource)
	if !ok {
		return q.api.missing(q.Resource.GroupVersion())
	}
	q.kind = kind
	if err := q.checkPath(); err != nil {
		return err
	}
	q.query = q.r.URL.Query() // without what cannot be read
	accept, ok := wire.Negotiate(q.r.Header.Get("Accept"), q.offers)
	if !ok {
		return q.notAcceptable()
	}
	q.accept = accept
	if text := kind.Deprecated(q.api.minor()); text != "" {
		q.warn(text)
	}
	if q.Subresource != "" {
		return q.subresource()
	}
	switch q.Verb {
	case "get":
		return q.get()
	case "list":
		return q.list()
	case "watch":
		return q.watch()
	case "create":
		switch {
		case q.Resource == Bindings.Definition().GroupVersionResource():
			return q.bindNamed()
		case q.isReview():
			return q.review()
		}
		return q.create()
	case "update":
		return q.update()
	case "patch":
		return q.patch()
	case "delete":
		return q.delete()
	case "deletecollection":
		return q.deleteCollection()
	}
	return errMethod
}

// checkPath says whether the resource, which exists, exists at this path and with this verb.
func (q *request) checkPath() error {
	if q.nameless || q.Namespace != "" && !q.kind.Namespaced() {
		return errNoResource
	}
	if q.Name == "." || q.Name == ".." {
		return apierrors.NewBadRequest(fmt.Sprintf("Name parameter invalid: %q: may not be '%s'", q.Name, q.Name))
	}
	if q.Namespace == "" && q.kind.Namespaced() {
		if q.Name != "" || !q.kind.Def.Verbs().Has(resource.VerbList) {
			return errNoResource
		}
		if q.Verb == "create" && !q.isReview() || q.Verb == "deletecollection" {
			return errMethod
		}
	}
	if q.watchPath && q.Verb != "watch" {
		return errMethod
	}
	verbs := q.kind.Def.Verbs()
	if q.Subresource != "" {
		sub, ok := q.kind.Def.Subresource(strings.SplitN(q.Subresource, "/", 2)[0])
		if !ok {
			return errNoResource
		}
		verbs = sub.Verbs
	}
	if q.Name != "" && q.Verb == "create" && q.Subresource == "" || q.Name == "" && (q.Verb == "update" || q.Verb == "patch") {
		return errMethod
	}
	if !verbs.Has(resource.ParseVerbs(q.Verb)) || resource.ParseVerbs(q.Verb) == 0 {
		return errMethod
	}
	return nil
}

// isReview says whether a POST asks a question instead of creating an object.
func (q *request) isReview() bool {
	return q.kind.Def.Verbs() == resource.VerbCreate && q.Resource != Bindings.Definition().GroupVersionResource()
}

// errMethod: the path has no such verb.
var errMethod error = &apierrors.StatusError{ErrStatus: metav1.Status{
	Status: metav1.StatusFailure, Code: http.StatusMethodNotAllowed, Reason: metav1.StatusReasonMethodNotAllowed,
	Details: &metav1.StatusDetails{}, Message: "the server does not allow this method on the requested resource",
}}

// notAcceptable is the error of a response that cannot be made as asked. A media type that is no choice at all and one that cannot
// be transformed are found in different places of the real server.
func (q *request) notAcceptable() error {
	message := "only the following media types are accepted: " + strings.Join(q.mediaTypes(), ", ")
	_, known := wire.Negotiate(q.r.Header.Get("Accept"), func(a wire.Accept) bool { return a.Format != wire.Protobuf || q.kind.Typed() })
	if !known {
		types := q.mediaTypes()
		if (q.Verb == "list" || q.Verb == "watch") && q.kind.Typed() {
			types = append(types, wire.MediaJSON+";stream=watch", wire.MediaProtobuf+";stream=watch")
		}
		return noRepresentation(types)
	}
	return plainStatus(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable, message)
}

// noRepresentation is the error of a media type that nobody knows.
func noRepresentation(types []string) error {
	return restfulError(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable, "406: Not Acceptable\n\nAvailable representations: "+strings.Join(types, ", "))
}

// plainStatus is an error without details.
func plainStatus(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
}

// restfulError is an error found before the request reaches the resource: it has empty details.
func restfulError(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message, Details: &metav1.StatusDetails{},
	}}
}

// mediaTypes are the types that a response can have.
func (q *request) mediaTypes() []string {
	types := []string{wire.MediaJSON, wire.MediaYAML}
	if q.kind.Typed() {
		types = append(types, wire.MediaProtobuf)
	}
	return types
}

// offers says whether the response can be made as asked.
func (q *request) offers(a wire.Accept) bool {
	if a.Format == wire.YAML && q.Verb == "watch" {
		return false
	}
	switch a.As {
	case "":
		return a.Format != wire.Protobuf || q.kind.Typed()
	case "PartialObjectMetadata", "PartialObjectMetadataList":
		return a.Group == "meta.k8s.io" && (a.Ver == "v1" || a.Ver == "v1beta1")
	case "Table":
		return a.Group == "meta.k8s.io" && (a.Ver == "v1" || a.Ver == "v1beta1") && a.Format != wire.Protobuf
	}
	return false
}

// watchTimeout is how long a watch lasts that does not say.
func watchTimeout() time.Duration { return 30*time.Minute + mathrand.N(30*time.Minute) }
