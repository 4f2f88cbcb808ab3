package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// ResourceClient makes the requests of one resource, in one namespace or in all. It is untyped; clientset/typed is its typed face. It
// is immutable and safe for concurrent use. Objects it returns are private to the caller.
type ResourceClient struct {
	client    *Client // rooted at the group and version
	def       *resource.Definition
	decoder   *decode.Decoder
	namespace string
	retries   int

	accept, acceptList, acceptWatch string
}

func newResourceClient(c *Client, def *resource.Definition) *ResourceClient {
	r := &ResourceClient{client: c, def: def, retries: defaultRetries}
	r.use(decode.For(def))
	return r
}

// use sets the decoder, and asks for what it can read.
func (r *ResourceClient) use(d *decode.Decoder) {
	r.decoder = d
	r.accept, r.acceptList, r.acceptWatch = d.Accept(), d.AcceptList(), d.AcceptWatch()
	if !r.client.shared.protobuf {
		r.accept, r.acceptList, r.acceptWatch = onlyJSON(r.accept), onlyJSON(r.acceptList), onlyJSON(r.acceptWatch)
	}
}

// Decoding returns a client whose answers are decoded with these options, as caches want it: they share parts of objects, which then are
// not private to the caller any more.
func (r *ResourceClient) Decoding(options ...decode.Option) *ResourceClient {
	out := *r
	out.use(decode.For(r.def, options...))
	return &out
}

// onlyJSON leaves protobuf out of an Accept header.
func onlyJSON(accept string) string {
	var kept []string
	for entry := range strings.SplitSeq(accept, ",") {
		if mediaType(entry) == ContentTypeJSON {
			kept = append(kept, entry)
		}
	}
	return strings.Join(kept, ",")
}

// Namespace returns a client for the objects of one namespace; "" means all namespaces.
func (r *ResourceClient) Namespace(namespace string) *ResourceClient {
	out := *r
	out.namespace = namespace
	return &out
}

// InNamespaceOf returns a client for the namespace that o belongs to: its own or, if it names none, the client's. It is an error if they
// differ.
func (r *ResourceClient) InNamespaceOf(o resource.Object) (*ResourceClient, error) {
	namespace, err := r.namespaceOf(o)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", r.def, o.GetName(), err)
	}
	return r.Namespace(namespace), nil
}

// MaxRetries returns a client whose requests are repeated at most n times, where they may be repeated at all (default 10). A caller
// that backs off by itself, such as a reflector, says 0.
func (r *ResourceClient) MaxRetries(n int) *ResourceClient {
	out := *r
	out.retries = n
	return &out
}

// Definition returns the resource.
func (r *ResourceClient) Definition() *resource.Definition { return r.def }

// Get returns the named object.
func (r *ResourceClient) Get(ctx context.Context, name string, opts metav1.GetOptions, subresources ...string) (resource.Object, error) {
	req, err := r.named(http.MethodGet, "get", r.namespace, name, subresources)
	if err != nil {
		return nil, err
	}
	return r.object(ctx, req.VersionedParams(&opts))
}

// Create creates an object, and returns it as the server stored it. With a subresource, the object is posted to that path of the
// object of its name. Where the server answers without an object, a copy of o is returned.
func (r *ResourceClient) Create(ctx context.Context, o resource.Object, opts metav1.CreateOptions, subresources ...string) (resource.Object, error) {
	namespace, err := r.namespaceOf(o)
	if err != nil {
		return nil, r.mistake("create", err)
	}
	name := ""
	if len(subresources) > 0 {
		name = o.GetName()
	}
	req := r.request(http.MethodPost, "create", namespace)
	if name != "" || len(subresources) > 0 {
		req.Name(name).SubResource(subresources...)
	}
	return r.created(req.VersionedParams(&opts).BodyObject(r.def, o).Do(ctx), r.def, o)
}

// created decodes the answer to the creation of o. Bindings and evictions are answered with a mere yes.
func (r *ResourceClient) created(result Result, kind *resource.Definition, o resource.Object) (resource.Object, error) {
	answer, err := r.decode(result)
	if err == nil || result.err != nil {
		return answer, err
	}
	if status, ok := decode.Status(result.ContentType(), result.data); ok && status.Status == metav1.StatusSuccess {
		answer = resource.Copy(o)
		kind.SetKind(answer)
		return answer, nil
	}
	return nil, err
}

// Update replaces an object, or the part of it that the subresource stands for.
func (r *ResourceClient) Update(ctx context.Context, o resource.Object, opts metav1.UpdateOptions, subresources ...string) (resource.Object, error) {
	namespace, err := r.namespaceOf(o)
	if err != nil {
		return nil, r.mistake("update", err)
	}
	req, err := r.named(http.MethodPut, "update", namespace, o.GetName(), subresources)
	if err != nil {
		return nil, err
	}
	return r.object(ctx, req.VersionedParams(&opts).BodyObject(r.def, o))
}

// Patch changes the named object, or a subresource of it, as data of type t says.
func (r *ResourceClient) Patch(ctx context.Context, name string, t types.PatchType, data []byte, opts metav1.PatchOptions,
	subresources ...string) (resource.Object, error) {
	req, err := r.named(http.MethodPatch, "patch", r.namespace, name, subresources)
	if err != nil {
		return nil, err
	}
	return r.object(ctx, req.VersionedParams(&opts).patchType(t).Body(data))
}

// Delete deletes the named object. Some objects live on for a while, until their grace period and finalizers are done.
func (r *ResourceClient) Delete(ctx context.Context, name string, opts metav1.DeleteOptions) error {
	req, err := r.named(http.MethodDelete, "delete", r.namespace, name, nil)
	if err != nil {
		return err
	}
	return req.deleteOptions(opts).Do(ctx).done()
}

// DeleteCollection deletes the objects that list selects.
func (r *ResourceClient) DeleteCollection(ctx context.Context, opts metav1.DeleteOptions, list metav1.ListOptions) error {
	req := r.request(http.MethodDelete, "deletecollection", r.namespace).VersionedParams(&list)
	return req.deleteOptions(opts).Do(ctx).done()
}

// deleteOptions sends the options as the body. Their kind is of the group meta.k8s.io, which every group's server understands.
func (r *Request) deleteOptions(opts metav1.DeleteOptions) *Request {
	opts.TypeMeta = metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "DeleteOptions"}
	return r.Body(&opts).SetHeader("Accept", ContentTypeJSON)
}

// request starts a request for the collection.
func (r *ResourceClient) request(method, verb, namespace string) *Request {
	req := r.client.request(method).Resource(r.def.GroupVersionResource().Resource).MaxRetries(r.retries).SetHeader("Accept", r.accept)
	req.verb = verb
	if namespace != "" {
		if !r.def.Namespaced() {
			return req.fail(fmt.Errorf("%s has no namespaces, but %q is given", r.def, namespace))
		}
		req.Namespace(namespace)
	}
	return req
}

// Transport returns what the requests are sent through. See Client.Transport.
func (r *ResourceClient) Transport() http.RoundTripper { return r.client.Transport() }

// Request starts a request for a path below the named object, for what is no object of the API, such as a log. Mistakes are returned when it is sent.
func (r *ResourceClient) Request(method, name string, subresources ...string) *Request {
	if r.def.Namespaced() && r.namespace == "" {
		return r.client.request(method).fail(fmt.Errorf("%s %q needs a namespace", r.def, name))
	}
	req := r.request(method, apiVerbs[method], r.namespace).Name(name).SetHeader("Accept", ContentTypeJSON+", */*")
	if len(subresources) > 0 {
		req.SubResource(subresources...)
	}
	return req
}

// apiVerbs are the verbs of the API that the methods stand for, if nothing else is said.
var apiVerbs = map[string]string{
	http.MethodGet:    "get",
	http.MethodPost:   "create",
	http.MethodPut:    "update",
	http.MethodPatch:  "patch",
	http.MethodDelete: "delete",
}

// named starts a request for one object.
func (r *ResourceClient) named(method, verb, namespace, name string, subresources []string) (*Request, error) {
	switch {
	case name == "":
		return nil, r.mistake(verb, errors.New("the name is empty"))
	case r.def.Namespaced() && namespace == "":
		return nil, r.mistake(verb, fmt.Errorf("%q needs a namespace", name))
	}
	req := r.request(method, verb, namespace).Name(name)
	if len(subresources) > 0 {
		req.SubResource(subresources...)
	}
	return req, nil
}

func (r *ResourceClient) mistake(verb string, err error) error {
	return fmt.Errorf("%s %s: %w", verb, r.def, err)
}

// namespaceOf is where an object that is sent belongs: its own namespace and the client's must not disagree.
func (r *ResourceClient) namespaceOf(o resource.Object) (string, error) {
	own := o.GetNamespace()
	switch {
	case !r.def.Namespaced():
		if own != "" || r.namespace != "" {
			return "", fmt.Errorf("the resource has no namespaces, but %q is given", max(own, r.namespace))
		}
		return "", nil
	case own == "" && r.namespace == "":
		return "", errors.New("neither the object nor the client has a namespace")
	case own != "" && r.namespace != "" && own != r.namespace:
		return "", fmt.Errorf("the object is in namespace %q, the client in %q", own, r.namespace)
	}
	return max(own, r.namespace), nil
}

// object sends the request and decodes the object in the answer.
func (r *ResourceClient) object(ctx context.Context, req *Request) (resource.Object, error) {
	return r.decode(req.Do(ctx))
}

func (r *ResourceClient) decode(result Result) (resource.Object, error) {
	if result.err != nil {
		return nil, result.err
	}
	return result.object(r.decoder)
}
