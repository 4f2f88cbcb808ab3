// Sheaf is the program under test on this library's side.
package main

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/probe"
	"github.com/sheaf-dev/sheaf/benchmarks/internal/widget"
	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
	"github.com/sheaf-dev/sheaf/cache/compact"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/listers"
	"github.com/sheaf-dev/sheaf/resource"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	discovery "github.com/sheaf-dev/sheaf/resource/discovery/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() { probe.Main(&subject{}) }

var widgets = resource.Define[*widget.Widget](widget.Group, widget.Version, widget.Plural, widget.Name, resource.Namespaced)

// podView is what a program reads that does without the rest of a pod.
type podView struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		NodeName string `json:"nodeName"`
	} `json:"spec"`
	Status struct {
		Phase      corev1.PodPhase       `json:"phase"`
		PodIP      string                `json:"podIP"`
		Conditions []corev1.PodCondition `json:"conditions"`
	} `json:"status"`
}

type subject struct {
	factory *informers.SharedInformerFactory
	pods    listers.Lister[*corev1.Pod]
}

// Start starts an informer of the workload's resource.
func (s *subject) Start(ctx context.Context, w *workload.Workload, url string, handlers []*probe.Handler) error {
	cfg := &rest.Config{Host: url}
	if w.JSON {
		cfg.ContentType = rest.ContentTypeJSON
	}
	client, err := rest.NewClient(cfg)
	if err != nil {
		return err
	}
	var opts informers.Options
	if w.Trim == workload.FourFields { // the peer's transform strips them, too
		opts.Drop = []string{"metadata.managedFields"}
	}
	s.factory = informers.NewSharedInformerFactory(client, opts)
	switch w.Kind {
	case workload.Pods:
		err = s.pod(w, handlers)
	case workload.Nodes:
		err = follow(s, core.Nodes, w, handlers)
	case workload.EndpointSlices:
		err = follow(s, discovery.EndpointSlices, w, handlers)
	case workload.Secrets:
		err = follow(s, core.Secrets, w, handlers)
	case workload.ConfigMaps:
		err = follow(s, core.ConfigMaps, w, handlers)
	case workload.Widgets:
		err = follow(s, widgets, w, handlers)
	default:
		err = fmt.Errorf("no resource for %q", w.Kind)
	}
	if err != nil {
		return err
	}
	s.factory.Start(ctx)
	return s.factory.WaitForCacheSync(ctx)
}

// pod follows pods, and gives the cache the index that the reads need.
func (s *subject) pod(w *workload.Workload, handlers []*probe.Handler) error {
	if w.Trim == workload.FourFields {
		return attach(s, resource.View[*podView](core.Pods), w, handlers)
	}
	if w.Face != workload.Typed || w.Act != workload.Reads && w.Act != workload.Stormy && w.Act != workload.Store {
		return follow(s, core.Pods, w, handlers)
	}
	pods := informers.For(s.factory, core.Pods)
	s.pods = pods.Lister()
	if err := pods.AddIndexers(map[string]func(*corev1.Pod) ([]string, error){"node": func(p *corev1.Pod) ([]string, error) {
		return []string{p.Spec.NodeName}, nil
	}}); err != nil {
		return err
	}
	return follow(s, core.Pods, w, handlers)
}

// follow makes an informer in the workload's face.
func follow[T resource.Object](s *subject, r resource.Resource[T], w *workload.Workload, handlers []*probe.Handler) error {
	switch w.Face {
	case workload.Dynamic:
		return attach(s, sibling[*unstructured.Unstructured](r.Definition()), w, handlers)
	case workload.Metadata:
		return attach(s, sibling[*metav1.PartialObjectMetadata](r.Definition(), resource.WithProtobuf()), w, handlers)
	}
	return attach(s, r, w, handlers)
}

// sibling defines the same resource with objects of another type.
func sibling[T resource.Object](def *resource.Definition, options ...resource.Option) resource.Resource[T] {
	gvr, scope := def.GroupVersionResource(), resource.Cluster
	if def.Namespaced() {
		scope = resource.Namespaced
	}
	return resource.Define[T](gvr.Group, gvr.Version, gvr.Resource, def.GroupVersionKind().Kind, scope, options...)
}

func attach[T resource.Object](s *subject, r resource.Resource[T], w *workload.Workload, handlers []*probe.Handler) error {
	opts := informers.InformerOptions{}
	if w.Transform {
		opts.Transform = informers.TransformOf(func(o T) (T, error) {
			o.SetManagedFields(nil)
			return o, nil
		})
	}
	switch w.Trim {
	case workload.NoManagedFields:
		opts.Drop = []string{"metadata.managedFields"}
	case workload.Compact:
		opts.Compact = compact.Zstd
	}
	informer, err := informers.ForOptions(s.factory, r, opts)
	if err != nil {
		return err
	}
	for _, h := range handlers {
		_, err := informer.AddEventHandler(informers.ResourceEventHandlerFuncs[T]{
			AddFunc:    func(T, bool) { h.Added() },
			UpdateFunc: func(_, now T, _ bool) { h.Updated(now.GetName()) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Cache prepares the queries.
func (s *subject) Cache() probe.Cache {
	c := &cache{pods: s.pods, selectors: map[string]labels.Selector{}}
	for pod := range s.pods.All() {
		c.all = append(c.all, pod)
		c.keys = append(c.keys, resource.KeyOf(pod))
		app := pod.Labels["app"]
		if c.selectors[app] == nil {
			c.selectors[app] = labels.SelectorFromSet(labels.Set{"app": app})
		}
		c.apps = append(c.apps, c.selectors[app])
	}
	return c
}

type cache struct {
	pods      listers.Lister[*corev1.Pod]
	all       []*corev1.Pod
	keys      []resource.Key
	apps      []labels.Selector
	selectors map[string]labels.Selector
}

func (c *cache) Len() int { return len(c.keys) }

func (c *cache) Get(i int) int {
	if _, err := c.pods.Get(c.keys[i]); err != nil {
		return 0
	}
	return 1
}

func (c *cache) ByIndex(i int) int {
	found, err := c.pods.ByIndex("node", c.all[i].Spec.NodeName)
	if err != nil {
		return 0
	}
	return len(found)
}

func (c *cache) Namespace(i int) int { return len(c.pods.Namespace(c.keys[i].Namespace).List(nil)) }

func (c *cache) Selector(i int) int { return len(c.pods.List(c.apps[i])) }

// NewStore returns a store with the cache's indexes.
func (s *subject) NewStore() probe.Store {
	b := &bareStore{cache: s.Cache().(*cache)}
	b.writer, b.reader = store.New(store.Options{Indexers: map[string]store.IndexFunc{"node": func(o resource.Object) ([]string, error) {
		return []string{o.(*corev1.Pod).Spec.NodeName}, nil
	}}})
	return b
}

type bareStore struct {
	*cache
	writer  *store.Writer
	reader  *store.Reader
	batch   []store.Change
	version int
}

func (b *bareStore) Fill() {
	changes := make([]store.Change, len(b.all))
	for i, pod := range b.all {
		changes[i] = store.Change{Op: store.Set, Key: b.keys[i], Object: pod}
	}
	b.writer.Replace(changes, "1")
}

func (b *bareStore) Prepare(pods []int) {
	clear(b.batch)
	b.batch = b.batch[:0]
	for _, i := range pods {
		b.version++
		pod := *b.all[i]
		pod.ResourceVersion = strconv.Itoa(b.version)
		b.batch = append(b.batch, store.Change{Op: store.Set, Key: b.keys[i], Object: &pod})
	}
}

func (b *bareStore) Update() { b.writer.Apply(b.batch, "") }

func (b *bareStore) Get(i int) int {
	if _, ok := b.reader.Get(b.keys[i]); ok {
		return 1
	}
	return 0
}
