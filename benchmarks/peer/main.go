// Peer is the program under test on client-go's side.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/probe"
	"github.com/sheaf-dev/sheaf/benchmarks/internal/widget"
	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

func main() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	probe.Main(&subject{})
}

type subject struct {
	informer cache.SharedIndexInformer
}

var resources = map[workload.Kind]schema.GroupVersionResource{
	workload.Pods:           {Version: "v1", Resource: "pods"},
	workload.Nodes:          {Version: "v1", Resource: "nodes"},
	workload.EndpointSlices: {Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
	workload.Secrets:        {Version: "v1", Resource: "secrets"},
	workload.ConfigMaps:     {Version: "v1", Resource: "configmaps"},
	workload.Widgets:        {Group: widget.Group, Version: widget.Version, Resource: widget.Plural},
}

// Start starts an informer of the workload's resource.
func (s *subject) Start(ctx context.Context, w *workload.Workload, url string, handlers []*probe.Handler) error {
	cfg := &rest.Config{Host: url, QPS: -1}
	cfg.ContentType, cfg.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	if w.JSON {
		cfg.ContentType, cfg.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	}
	start, err := s.choose(w, cfg)
	if err != nil {
		return err
	}
	if w.Act == workload.Reads || w.Act == workload.Stormy || w.Act == workload.Store {
		if err := s.informer.AddIndexers(cache.Indexers{"node": byNode}); err != nil {
			return err
		}
	}
	if transform := transformOf(w); transform != nil {
		if err := s.informer.SetTransform(transform); err != nil {
			return err
		}
	}
	for _, h := range handlers {
		_, err := s.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { h.Added() },
			UpdateFunc: func(_, now any) { h.Updated(now.(metav1.Object).GetName()) },
		})
		if err != nil {
			return err
		}
	}
	start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), s.informer.HasSynced) {
		return fmt.Errorf("the cache has not synced: %w", context.Cause(ctx))
	}
	return nil
}

// choose makes the informer that a user of client-go would use, and returns what starts it.
func (s *subject) choose(w *workload.Workload, cfg *rest.Config) (start func(<-chan struct{}), err error) {
	gvr := resources[w.Kind]
	switch {
	case w.Face == workload.Dynamic:
		client, err := dynamic.NewForConfig(cfg)
		if err != nil {
			return nil, err
		}
		factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
		s.informer = factory.ForResource(gvr).Informer()
		return factory.Start, nil
	case w.Face == workload.Metadata:
		client, err := metadata.NewForConfig(cfg)
		if err != nil {
			return nil, err
		}
		factory := metadatainformer.NewSharedInformerFactory(client, 0)
		s.informer = factory.ForResource(gvr).Informer()
		return factory.Start, nil
	case w.Kind == workload.Widgets:
		s.informer, err = widgets(cfg)
		return func(stop <-chan struct{}) { go s.informer.Run(stop) }, err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	generic, err := factory.ForResource(gvr)
	if err != nil {
		return nil, err
	}
	s.informer = generic.Informer()
	return factory.Start, nil
}

// widgets makes an informer of custom resources as a generated clientset does.
func widgets(cfg *rest.Config) (cache.SharedIndexInformer, error) {
	scheme := runtime.NewScheme()
	widget.AddToScheme(scheme)
	config := *cfg
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	config.APIPath, config.GroupVersion = "/apis", &widget.GroupVersion
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(&config)
	if err != nil {
		return nil, err
	}
	source := cache.NewListWatchFromClient(client, widget.Plural, metav1.NamespaceAll, fields.Everything())
	return cache.NewSharedIndexInformer(source, &widget.Widget{}, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}), nil
}

// transformOf strips objects as far as the workload can do without.
func transformOf(w *workload.Workload) cache.TransformFunc {
	switch {
	case w.Trim == workload.NoManagedFields, w.Transform:
		return func(o any) (any, error) {
			accessor, err := meta.Accessor(o)
			if err == nil {
				accessor.SetManagedFields(nil)
			}
			return o, err
		}
	case w.Trim == workload.FourFields:
		return func(o any) (any, error) {
			pod, ok := o.(*corev1.Pod)
			if !ok {
				return nil, errors.New("no pod")
			}
			pod.ManagedFields = nil
			pod.Spec = corev1.PodSpec{NodeName: pod.Spec.NodeName}
			pod.Status = corev1.PodStatus{Phase: pod.Status.Phase, PodIP: pod.Status.PodIP, Conditions: pod.Status.Conditions}
			return pod, nil
		}
	}
	return nil
}

func byNode(o any) ([]string, error) { return []string{o.(*corev1.Pod).Spec.NodeName}, nil }

// Cache prepares the queries.
func (s *subject) Cache() probe.Cache {
	c := &pods{indexer: s.informer.GetIndexer(), selectors: map[string]labels.Selector{}}
	c.lister = corelisters.NewPodLister(c.indexer)
	for _, o := range c.indexer.List() {
		pod := o.(*corev1.Pod)
		c.all = append(c.all, pod)
		app := pod.Labels["app"]
		if c.selectors[app] == nil {
			c.selectors[app] = labels.SelectorFromSet(labels.Set{"app": app})
		}
		c.apps = append(c.apps, c.selectors[app])
	}
	return c
}

type pods struct {
	indexer   cache.Indexer
	lister    corelisters.PodLister
	all       []*corev1.Pod
	apps      []labels.Selector
	selectors map[string]labels.Selector
}

func (c *pods) Len() int { return len(c.all) }

func (c *pods) Get(i int) int {
	if _, err := c.lister.Pods(c.all[i].Namespace).Get(c.all[i].Name); err != nil {
		return 0
	}
	return 1
}

func (c *pods) ByIndex(i int) int {
	found, err := c.indexer.ByIndex("node", c.all[i].Spec.NodeName)
	if err != nil {
		return 0
	}
	return len(found)
}

func (c *pods) Namespace(i int) int {
	found, err := c.lister.Pods(c.all[i].Namespace).List(labels.Everything())
	if err != nil {
		return 0
	}
	return len(found)
}

func (c *pods) Selector(i int) int {
	found, err := c.lister.List(c.apps[i])
	if err != nil {
		return 0
	}
	return len(found)
}

// NewStore returns a store with the cache's indexes.
func (s *subject) NewStore() probe.Store {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc, "node": byNode})
	return &bareStore{pods: s.Cache().(*pods), store: indexer}
}

type bareStore struct {
	*pods
	store   cache.Indexer
	batch   []*corev1.Pod
	version int
}

func (b *bareStore) Fill() {
	for _, pod := range b.all {
		_ = b.store.Add(pod) // fails only for objects without metadata
	}
}

func (b *bareStore) Prepare(pods []int) {
	b.batch = b.batch[:0]
	for _, i := range pods {
		b.version++
		pod := *b.all[i]
		pod.ResourceVersion = strconv.Itoa(b.version)
		b.batch = append(b.batch, &pod)
	}
}

func (b *bareStore) Update() {
	for _, pod := range b.batch {
		_ = b.store.Update(pod)
	}
}

func (b *bareStore) Get(i int) int {
	if _, ok, _ := b.store.GetByKey(b.all[i].Namespace + "/" + b.all[i].Name); ok {
		return 1
	}
	return 0
}
