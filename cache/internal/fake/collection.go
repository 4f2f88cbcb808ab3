package fake

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// ConfigMaps is the resource that a Collection holds.
var ConfigMaps = resource.Define[*v1.ConfigMap]("", "v1", "configmaps", "ConfigMap", resource.Namespaced)

// Collection is a versioned collection of ConfigMaps, safe for concurrent use.
type Collection struct {
	// Faults are looked at before each request and event. They are set before the collection is used, or under Lock. All but Item are
	// called with the collection locked.
	Faults

	mu        sync.Mutex // owns the rest
	version   int
	floor     int // versions up to this one have been forgotten
	objects   map[resource.Key]*v1.ConfigMap
	history   []change // ordered by version
	changed   chan struct{}
	uid       int
	bookmarks int // sent so far
	lists     []metav1.ListOptions
	watches   []metav1.ListOptions
	gets      []resource.Key
	open      map[*watcher]struct{}
}

// Faults are hooks that may fail a request, or an event. nil: no fault.
type Faults struct {
	List  func(metav1.ListOptions) error
	Item  func(*v1.ConfigMap) error // fails a list after the items before this one
	Watch func(metav1.ListOptions) error
	Event func(*decode.Event) error // may change the event; an error ends the watch
	Get   func(resource.Key) error
	// Broken says that an object does not decode.
	Broken func(*v1.ConfigMap) bool
	// Nameless says, of a broken object, that not even its name can be read.
	Nameless func(*v1.ConfigMap) bool
	// Hold says that open watches send nothing, for now.
	Hold func() bool
	// PatientWatch accepts watches from versions of the future, as real servers do, and is silent until it gets there.
	PatientWatch bool
	// NoEnd leaves the bookmark out that ends initial events.
	NoEnd func() bool
}

type change struct {
	version int
	kind    watch.EventType
	object  *v1.ConfigMap // nil: a bookmark
	number  int           // of a bookmark
}

// New returns an empty collection at version 1.
func New() *Collection {
	return &Collection{version: 1, objects: map[resource.Key]*v1.ConfigMap{}, changed: make(chan struct{}), open: map[*watcher]struct{}{}}
}

// Lock runs a function while nothing else happens to the collection.
func (c *Collection) Lock(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *Collection) record(kind watch.EventType, o *v1.ConfigMap) {
	if o == nil {
		c.bookmarks++
	}
	c.history = append(c.history, change{c.version, kind, o, c.bookmarks})
	c.wake()
}

func (c *Collection) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Set creates or updates an object, and returns its version.
func (c *Collection) Set(namespace, name, value string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := resource.Key{Namespace: namespace, Name: name}
	c.version++
	kind := watch.Modified
	o := c.objects[key].DeepCopy()
	if o == nil {
		c.uid++
		kind = watch.Added
		o = &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(fmt.Sprintf("uid-%d", c.uid))}}
		ConfigMaps.Definition().SetKind(o)
	}
	o.ResourceVersion = strconv.Itoa(c.version)
	o.Labels = map[string]string{"value": value}
	o.Data = map[string]string{"value": value}
	c.objects[key] = o
	c.record(kind, o)
	return o.ResourceVersion
}

// Delete deletes an object, if it is there.
func (c *Collection) Delete(namespace, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := resource.Key{Namespace: namespace, Name: name}
	o := c.objects[key].DeepCopy()
	if o == nil {
		return
	}
	c.version++
	o.ResourceVersion = strconv.Itoa(c.version)
	delete(c.objects, key)
	c.record(watch.Deleted, o)
}

// Bookmark sends a bookmark to all watches.
func (c *Collection) Bookmark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.record(watch.Bookmark, nil)
}

// Compact forgets the history.
func (c *Collection) Compact() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.floor = c.version
	c.history = nil
}

// State is a saved state of a collection.
type State struct {
	version int
	objects map[resource.Key]*v1.ConfigMap
}

// Save returns the present state.
func (c *Collection) Save() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return State{c.version, maps.Clone(c.objects)}
}

// Restore goes back to a state, as a server restored from a backup does: all watches break, and versions are given out a second time.
func (c *Collection) Restore(s State) {
	c.End(fmt.Errorf("connection reset"))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version, c.objects, c.floor, c.history = s.version, maps.Clone(s.objects), s.version, nil
}

// End ends all open watches with an error; io.EOF is a good end.
func (c *Collection) End(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.open {
		w.err = err
	}
	c.wake()
}

// Objects returns the present state, ordered by key.
func (c *Collection) Objects() []*v1.ConfigMap {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sorted()
}

func (c *Collection) sorted() []*v1.ConfigMap {
	return slices.SortedFunc(maps.Values(c.objects), func(a, b *v1.ConfigMap) int {
		return resource.KeyOf(a).Compare(resource.KeyOf(b))
	})
}

// selected is what is in a namespace; "": in all.
func (c *Collection) selected(namespace string) []*v1.ConfigMap {
	return slices.DeleteFunc(c.sorted(), func(o *v1.ConfigMap) bool { return namespace != "" && o.Namespace != namespace })
}

// Version returns the present version.
func (c *Collection) Version() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strconv.Itoa(c.version)
}

// Requests returns the options of all lists and watches so far, and the keys read alone.
func (c *Collection) Requests() (lists, watches []metav1.ListOptions, gets []resource.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.lists), slices.Clone(c.watches), slices.Clone(c.gets)
}

// Watching returns the number of open watches.
func (c *Collection) Watching() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

var seed = maphash.MakeSeed()

// item is an object as a decoder returns it.
func (c *Collection) item(o *v1.ConfigMap) decode.Item {
	hash := max(1, maphash.String(seed, o.Data["value"]))
	size := 100 + len(o.Data["value"])
	if c.Broken != nil && c.Broken(o) {
		broken := &decode.ObjectError{Key: resource.KeyOf(o), UID: o.UID, ResourceVersion: o.ResourceVersion, Err: fmt.Errorf("it is broken")}
		if c.Nameless != nil && c.Nameless(o) {
			broken = &decode.ObjectError{Err: broken.Err}
		}
		return decode.Item{Err: broken, Size: size, Hash: hash}
	}
	return decode.Item{Object: o.DeepCopy(), Size: size, Hash: hash}
}

// atLeast fails if a version is not known yet, or not any more.
func (c *Collection) atLeast(version string, exact bool) (int, error) {
	if version == "" || version == "0" {
		return c.version, nil
	}
	v, err := strconv.Atoi(version)
	switch {
	case err != nil:
		return 0, apierrors.NewBadRequest("invalid resource version")
	case v > c.version:
		return 0, TooLarge()
	case exact && v < c.floor:
		return 0, apierrors.NewResourceExpired("too old resource version")
	}
	return v, nil
}

// TooLarge is the error of a server that is asked for a version from the future.
func TooLarge() error {
	err := apierrors.NewTimeoutError("Too large resource version: 1000000, current: 1", 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge}}
	return err
}

// List is that of reflector.ListerWatcher.
func (c *Collection) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	items, meta, err := c.page(opts)
	if err != nil {
		return metav1.ListMeta{}, err
	}
	for _, o := range items {
		if c.Item != nil {
			if err := c.Item(o); err != nil {
				return metav1.ListMeta{}, err
			}
		}
		if err := ctx.Err(); err != nil {
			return metav1.ListMeta{}, err
		}
		c.mu.Lock()
		item := c.item(o)
		c.mu.Unlock()
		if err := yield(item); err != nil {
			return metav1.ListMeta{}, err
		}
	}
	return meta, nil
}

// page cuts a page out of the present state. Tokens say after which key to go on, and at which version the list began.
func (c *Collection) page(opts metav1.ListOptions) ([]*v1.ConfigMap, metav1.ListMeta, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists = append(c.lists, opts)
	if c.Faults.List != nil {
		if err := c.Faults.List(opts); err != nil {
			return nil, metav1.ListMeta{}, err
		}
	}
	if opts.Continue != "" && opts.ResourceVersion != "" {
		return nil, metav1.ListMeta{}, apierrors.NewBadRequest("specifying resource version is not allowed when using continue")
	}
	version, start := strconv.Itoa(c.version), ""
	if opts.Continue != "" {
		began, after, _ := strings.Cut(opts.Continue, ":")
		version, start = began, after
		// The objects of that version are not kept: any change since expires the token.
		if began != strconv.Itoa(c.version) {
			return nil, metav1.ListMeta{}, apierrors.NewResourceExpired("the provided continue parameter is too old")
		}
	} else if _, err := c.atLeast(opts.ResourceVersion, false); err != nil {
		return nil, metav1.ListMeta{}, err
	}
	var page []*v1.ConfigMap
	for _, o := range c.selected(opts.FieldSelector) {
		if key := resource.KeyOf(o).String(); start == "" || key > start {
			if opts.Limit > 0 && int64(len(page)) == opts.Limit && opts.ResourceVersion != "0" {
				return page, metav1.ListMeta{ResourceVersion: version, Continue: version + ":" + resource.KeyOf(page[len(page)-1]).String()}, nil
			}
			page = append(page, o)
		}
	}
	return page, metav1.ListMeta{ResourceVersion: version}, nil
}

// Get is that of reflector.Getter.
func (c *Collection) Get(ctx context.Context, key resource.Key) (resource.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gets = append(c.gets, key)
	if c.Faults.Get != nil {
		if err := c.Faults.Get(key); err != nil {
			return nil, err
		}
	}
	o, ok := c.objects[key]
	if !ok {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, key.Name)
	}
	if item := c.item(o); item.Err != nil {
		return nil, item.Err
	}
	return o.DeepCopy(), nil
}

var (
	_ reflector.ListerWatcher = (*Collection)(nil)
	_ reflector.Getter        = (*Collection)(nil)
)

// In returns the part of the collection that one namespace is, as a source. Its requests carry the namespace as their field selector.
func (c *Collection) In(namespace string) reflector.ListerWatcher { return part{c, namespace} }

type part struct {
	c         *Collection
	namespace string
}

func (p part) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	opts.FieldSelector = p.namespace
	return p.c.List(ctx, opts, yield)
}

func (p part) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	opts.FieldSelector = p.namespace
	return p.c.Watch(ctx, opts)
}

func (p part) Get(ctx context.Context, key resource.Key) (resource.Object, error) {
	return p.c.Get(ctx, key)
}

// Forget forgets the requests seen so far.
func (c *Collection) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists, c.watches, c.gets = nil, nil, nil
}
