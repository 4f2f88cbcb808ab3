package served

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Source is a collection that is read through a client.
type Source interface {
	reflector.ListerWatcher
	reflector.Getter
	reflector.Selecting
}

// Collection is the config maps of a server, in all namespaces, with what tests do to them in a word. The server's own methods do the rest.
// It is safe for concurrent use, but for Endless.
type Collection struct {
	*apitest.Server
	Source
	// Endless asks for watches that the server does not end. It is set before the first.
	Endless bool

	tb     testing.TB
	client *rest.Client
}

// New runs a server without config maps until the test ends. It sends bookmarks only when it is told to.
func New(tb testing.TB) *Collection {
	tb.Helper()
	server := apitest.New(apitest.Options{InMemory: true, CreateNamespaces: true, BookmarkInterval: 1000 * time.Hour}).Start(tb)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.CloseIdle)
	c := &Collection{Server: server, tb: tb, client: client}
	c.Source = c.In("")
	return c
}

// In returns the part of the collection that one namespace is; "": all of it.
func (c *Collection) In(namespace string) Source {
	return source{c, c.client.ForResource(corev1.ConfigMaps.Definition()).Namespace(namespace).MaxRetries(0)}
}

func (c *Collection) objects() apitest.Objects[*v1.ConfigMap] {
	return apitest.In(c.Server, corev1.ConfigMaps)
}

// Set creates or updates an object, whose label and datum "value" it sets, and returns its version.
func (c *Collection) Set(namespace, name, value string) string {
	c.tb.Helper()
	o := corev1.ConfigMaps.New()
	o.Namespace, o.Name = namespace, name
	o.Labels, o.Data = map[string]string{"value": value}, map[string]string{"value": value}
	if err := c.objects().Put(o); err != nil {
		c.tb.Error(err)
		return ""
	}
	stored, err := c.objects().Get(resource.KeyOf(o))
	if err != nil {
		c.tb.Error(err)
		return ""
	}
	return stored.ResourceVersion
}

// Delete deletes an object.
func (c *Collection) Delete(namespace, name string) {
	c.tb.Helper()
	if err := c.objects().Remove(resource.Key{Namespace: namespace, Name: name}); err != nil {
		c.tb.Error(err)
	}
}

// Objects returns the present state, ordered by key.
func (c *Collection) Objects() []*v1.ConfigMap { return slices.Collect(c.objects().All()) }

// Bookmark sends a bookmark to all watches.
func (c *Collection) Bookmark() { c.SendBookmarks(corev1.ConfigMaps) }

// End ends all open watches by an error event; nil: in good order.
func (c *Collection) End(err error) { c.EndWatches(corev1.ConfigMaps, err) }

// Hold lets watches send nothing, but for initial events, until Release.
func (c *Collection) Hold() { c.HoldWatches(corev1.ConfigMaps, "") }

// Release ends Hold.
func (c *Collection) Release() { c.ReleaseWatches(corev1.ConfigMaps) }

// Watching returns the number of open watches.
func (c *Collection) Watching() int { return c.OpenWatches(corev1.ConfigMaps) }

// Fault makes requests of a verb fail, or do what else the action says, until it is removed.
func (c *Collection) Fault(verb string, do apitest.Action) *apitest.Injected {
	return c.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps", Verb: verb}, Do: do})
}

// Once is Fault for the next request only.
func (c *Collection) Once(verb string, do apitest.Action) *apitest.Injected {
	return c.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps", Verb: verb}, Times: 1, Do: do})
}

// Asked returns the options of all requests of a verb so far.
func (c *Collection) Asked(verb string) []metav1.ListOptions {
	var out []metav1.ListOptions
	for _, r := range c.Requests(apitest.Match{Resource: "configmaps", Verb: verb}) {
		out = append(out, options(r.Query))
	}
	return out
}

// options are what a query says.
func options(query url.Values) metav1.ListOptions {
	o := metav1.ListOptions{
		ResourceVersion: query.Get("resourceVersion"), ResourceVersionMatch: metav1.ResourceVersionMatch(query.Get("resourceVersionMatch")),
		Continue: query.Get("continue"), AllowWatchBookmarks: query.Get("allowWatchBookmarks") == "true",
	}
	o.Limit, _ = strconv.ParseInt(query.Get("limit"), 10, 64)
	if seconds, err := strconv.ParseInt(query.Get("timeoutSeconds"), 10, 64); err == nil {
		o.TimeoutSeconds = &seconds
	}
	if initial, err := strconv.ParseBool(query.Get("sendInitialEvents")); err == nil {
		o.SendInitialEvents = &initial
	}
	return o
}

// source reads a collection through a client, as informers do.
type source struct {
	c *Collection
	r *rest.ResourceClient
}

// Selection says that all objects are in the collection.
func (s source) Selection() (func(resource.Object) bool, error) {
	return func(resource.Object) bool { return true }, nil
}

func (s source) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	return s.r.List(ctx, opts, yield)
}

func (s source) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	if s.c.Endless {
		seconds := int64(math.MaxInt32)
		opts.TimeoutSeconds = &seconds
	}
	w, err := s.r.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (s source) Get(ctx context.Context, key resource.Key) (resource.Object, error) {
	return s.r.Namespace(key.Namespace).Get(ctx, key.Name, metav1.GetOptions{})
}
