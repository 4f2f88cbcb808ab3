package rest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/conversion/queryparams"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// defaultRetries is how often a request is repeated at most.
const defaultRetries = 10

// Request is one request being built. Each method changes it and returns it; mistakes (an empty name, a field set twice, a
// segment with a slash) are kept and returned when it is sent. It belongs to one goroutine.
type Request struct {
	client     *Client
	method     string
	path       pathParts
	uri        *url.URL // replaces path, if set
	params     url.Values
	header     http.Header
	body       body
	timeout    time.Duration
	timeoutSet bool
	retries    int
	verb       string // API verb, for measurements
	errs       []error
}

func (c *Client) request(method string) *Request {
	return &Request{
		client:  c,
		method:  method,
		path:    pathParts{prefix: c.prefix},
		timeout: c.shared.timeout,
		retries: defaultRetries,
	}
}

func (r *Request) fail(err error) *Request {
	if err != nil {
		r.errs = append(r.errs, err)
	}
	return r
}

// Namespace sets the namespace, which must not be empty.
func (r *Request) Namespace(namespace string) *Request {
	if r.path.namespaced {
		return r.fail(errNamespaceTwice)
	}
	r.path.namespaced = true
	return r.fail(setOnce(&r.path.namespace, "namespace", namespace))
}

// NamespaceIfScoped sets the namespace if scoped is true; an empty one then means all namespaces.
func (r *Request) NamespaceIfScoped(namespace string, scoped bool) *Request {
	if !scoped || namespace == "" {
		return r
	}
	return r.Namespace(namespace)
}

// Resource sets the plural name of the resource, such as "pods".
func (r *Request) Resource(resource string) *Request {
	return r.fail(setOnce(&r.path.resource, "resource", resource))
}

// Name sets the name of the object.
func (r *Request) Name(name string) *Request {
	return r.fail(setOnce(&r.path.name, "name", name))
}

// SubResource sets the path below the object, such as "status".
func (r *Request) SubResource(segments ...string) *Request {
	if r.path.subresource != "" {
		return r.fail(fmt.Errorf("the subresource is set twice: %q and %q", r.path.subresource, strings.Join(segments, "/")))
	}
	for _, segment := range segments {
		if err := checkSegment("subresource", segment); err != nil {
			return r.fail(err)
		}
	}
	r.path.subresource = strings.Join(segments, "/")
	return r
}

// AbsPath replaces the path of the group and version by these segments, which may contain slashes. The path of the server's URL stays.
func (r *Request) AbsPath(segments ...string) *Request {
	path := joinSegments(segments)
	r.path.prefix = path
	return r.fail(checkPath(path))
}

// Prefix adds segments after the path of the group and version, before the namespace and resource.
func (r *Request) Prefix(segments ...string) *Request {
	path := joinSegments(segments)
	r.path.prefix = strings.TrimRight(r.path.prefix, "/") + path
	return r.fail(checkPath(path))
}

// Suffix adds segments at the end of the path. They may contain slashes; a trailing slash is kept.
func (r *Request) Suffix(segments ...string) *Request {
	for _, segment := range segments {
		if strings.Trim(segment, "/") == "" {
			r.fail(errors.New("a segment of the suffix is empty"))
			continue
		}
		r.fail(checkPath(segment))
		r.path.suffix = append(r.path.suffix, segment)
	}
	return r
}

// joinSegments joins with single slashes, starts with one, and keeps a trailing one.
func joinSegments(segments []string) string {
	var b strings.Builder
	for _, segment := range segments {
		for piece := range strings.SplitSeq(segment, "/") {
			if piece != "" {
				b.WriteString("/" + piece)
			}
		}
	}
	if n := len(segments); n > 0 && strings.HasSuffix(segments[n-1], "/") {
		b.WriteByte('/')
	}
	return b.String()
}

// RequestURI replaces path and query by those of uri, such as "/apis/apps/v1/deployments?limit=5". The path of the server's URL is kept
// in front of it, unless uri already starts with it.
func (r *Request) RequestURI(uri string) *Request {
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return r.fail(fmt.Errorf("the request URI is malformed: %w", cause(err)))
	}
	if u.IsAbs() || u.Host != "" {
		return r.fail(errors.New("the request URI must be a path with an optional query"))
	}
	if err := checkPath(u.Path); err != nil {
		return r.fail(err)
	}
	for name, values := range u.Query() {
		for _, value := range values {
			r.Param(name, value)
		}
	}
	r.uri = u
	return r
}

// Param adds a query parameter. A parameter may have several values.
func (r *Request) Param(name, value string) *Request {
	if name == "" {
		return r.fail(errors.New("the name of a query parameter is empty"))
	}
	if r.params == nil {
		r.params = url.Values{}
	}
	r.params.Add(name, value)
	return r
}

// VersionedParams adds the fields of an options struct, such as metav1.ListOptions or corev1.PodLogOptions, named by their
// json tags. Fields that are empty are left out. It must be a pointer to a struct, or a struct.
func (r *Request) VersionedParams(options any) *Request {
	values, err := queryparams.Convert(options)
	if err != nil {
		return r.fail(fmt.Errorf("options of type %T: %w", options, err))
	}
	for name, list := range values {
		if name == "kind" || name == "apiVersion" {
			continue // of the embedded TypeMeta; no parameter of the API
		}
		for _, value := range list {
			r.Param(name, value)
		}
	}
	return r
}

// LabelSelector keeps only objects whose labels match. Nil means all.
func (r *Request) LabelSelector(s labels.Selector) *Request {
	if s == nil || s.Empty() {
		return r
	}
	return r.Param("labelSelector", s.String())
}

// FieldSelector keeps only objects whose fields match. Nil means all.
func (r *Request) FieldSelector(s fields.Selector) *Request {
	if s == nil || s.Empty() {
		return r
	}
	return r.Param("fieldSelector", s.String())
}

// SetHeader replaces a header of the request.
func (r *Request) SetHeader(name string, values ...string) *Request {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Del(name)
	for _, value := range values {
		r.header.Add(name, value)
	}
	return r
}

// Timeout replaces the configuration's time-out for one try, and asks the server to give up by then, too. 0 means no bound.
func (r *Request) Timeout(d time.Duration) *Request {
	if d < 0 {
		return r.fail(fmt.Errorf("the time-out %v is negative", d))
	}
	r.timeout, r.timeoutSet = d, d > 0
	return r
}

// MaxRetries replaces how often the request may be repeated (10), where it may be repeated at all. 0 means one try.
func (r *Request) MaxRetries(n int) *Request {
	if n < 0 {
		return r.fail(fmt.Errorf("the number of retries %d is negative", n))
	}
	r.retries = n
	return r
}

// URL returns the URL as far as the request is built. Of a request with mistakes it is only good for messages.
func (r *Request) URL() *url.URL {
	u := *r.client.shared.base
	if r.uri != nil {
		u.Path = r.uri.Path
		if base := r.client.shared.base.Path; base != "" && u.Path != base && !strings.HasPrefix(u.Path, base+"/") {
			u.Path = base + u.Path
		}
	} else {
		path, _ := r.path.build()
		u.Path += path
	}
	params := r.params
	if r.timeoutSet && !r.params.Has("timeout") {
		params = cloneValues(params)
		params.Set("timeout", (max(r.timeout, time.Second)).Truncate(time.Second).String())
	}
	u.RawQuery = params.Encode()
	return &u
}

func cloneValues(v url.Values) url.Values {
	out := make(url.Values, len(v)+1)
	for name, values := range v {
		out[name] = values
	}
	return out
}

// Err returns the mistakes made so far; nil if there are none. Sending a request returns them, too.
func (r *Request) Err() error { return r.err() }

// err returns the mistakes made while building.
func (r *Request) err() error {
	errs := r.errs
	if r.uri == nil {
		if _, err := r.path.build(); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%s %s: %w", r.method, strconv.Quote(r.shown()), errors.Join(errs...))
}

// shown is the URL without its query, which may hold secrets.
func (r *Request) shown() string {
	u := r.URL()
	u.RawQuery = ""
	return u.String()
}
