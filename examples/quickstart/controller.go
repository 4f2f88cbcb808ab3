package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1resources "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// controller keeps the summary ConfigMaps. newController wires it, run does the work.
type controller struct {
	factory     *informers.SharedInformerFactory
	deployments informers.Informer[*appsv1.Deployment]
	pods        informers.Informer[*corev1.Pod]
	configMaps  informers.Informer[*corev1.ConfigMap] // ours alone
	client      typed.Client[*corev1.ConfigMap]
	queue       *workqueue.Queue[resource.Key] // keys of Deployments

	events, reconciles, writes, conflicts, failures atomic.Int64
}

func newController(client *rest.Client, namespace string) (*controller, error) {
	var scope informers.Options
	if namespace != "" {
		scope.Namespaces = []string{namespace}
	}
	factory := informers.NewSharedInformerFactory(client, scope)
	ours, err := informers.ForOptions(factory, corev1resources.ConfigMaps, informers.InformerOptions{
		LabelSelector: managedByLabel + "=" + managedByUs,
	})
	if err != nil {
		return nil, err
	}
	c := &controller{
		factory:     factory,
		deployments: informers.For(factory, appsv1resources.Deployments),
		pods:        informers.For(factory, corev1resources.Pods),
		configMaps:  ours,
		client:      typed.For(client, corev1resources.ConfigMaps),
		queue:       workqueue.New[resource.Key](workqueue.Options{Name: "deployments"}),
	}
	return c, c.watch()
}

// run starts the informers, waits for the caches, works until ctx ends, and returns when everything it started has stopped.
func (c *controller) run(ctx context.Context, workers int) error {
	defer c.factory.Shutdown()
	c.factory.Start(ctx)
	if err := c.factory.WaitForCacheSync(ctx); err != nil {
		c.queue.ShutDown()
		return err
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { c.work(ctx) })
	}
	<-ctx.Done()
	c.queue.ShutDown()
	wg.Wait()
	return nil
}

func (c *controller) work(ctx context.Context) {
	for {
		key, shutdown := c.queue.Get(ctx)
		if shutdown {
			return
		}
		c.workOn(ctx, key)
	}
}

// workOn reconciles one key and decides when it comes again. A conflict, or an object
// that came or went, means that the cache was a moment behind: not worth a word, only another try.
func (c *controller) workOn(ctx context.Context, key resource.Key) {
	defer c.queue.Done(key)
	err := c.reconcile(ctx, key)
	c.reconciles.Add(1)
	switch {
	case err == nil:
		c.queue.Forget(key)
		return
	case ctx.Err() != nil:
		return
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err):
		c.conflicts.Add(1)
	default:
		c.failures.Add(1)
		klog.FromContext(ctx).Error(err, "Reconcile failed, will retry", "deployment", key)
	}
	c.queue.AddRateLimited(key)
}

// reconcile brings one Deployment's ConfigMap to what the caches say it should be.
func (c *controller) reconcile(ctx context.Context, key resource.Key) error {
	deployment, err := c.deployments.Lister().Namespace(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) || err == nil && deployment.DeletionTimestamp != nil {
		return c.remove(ctx, key)
	}
	if err != nil {
		return err
	}
	want, err := c.wanted(deployment)
	if err != nil {
		return err
	}
	have, err := c.configMaps.Lister().Namespace(key.Namespace).Get(want.Name)
	switch {
	case apierrors.IsNotFound(err):
		return c.create(ctx, want)
	case err != nil:
		return err
	case upToDate(have, want):
		return nil
	}
	next := resource.Copy(have) // what the cache holds is shared and read-only
	next.OwnerReferences, next.Data = want.OwnerReferences, want.Data
	_, err = c.client.Namespace(key.Namespace).Update(ctx, next, metav1.UpdateOptions{})
	c.wrote(err)
	return err
}

func (c *controller) wanted(d *appsv1.Deployment) (*corev1.ConfigMap, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("selector of deployment %s: %w", resource.KeyOf(d), err)
	}
	return summaryConfigMap(d, c.pods.Lister().Namespace(d.Namespace).List(selector)), nil
}

// create writes a new ConfigMap. A name that somebody else already uses is theirs: it stays as it is, and the log says so.
func (c *controller) create(ctx context.Context, want *corev1.ConfigMap) error {
	_, err := c.client.Namespace(want.Namespace).Create(ctx, want, metav1.CreateOptions{})
	c.wrote(err)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	live, getErr := c.client.Namespace(want.Namespace).Get(ctx, want.Name, metav1.GetOptions{})
	if getErr != nil {
		return getErr
	}
	if _, ours := deploymentOf(live); ours {
		return err // the cache has not seen it yet
	}
	klog.FromContext(ctx).Info("A ConfigMap of this name belongs to somebody else, leaving it alone", "configMap", resource.KeyOf(live))
	return nil
}

// remove deletes the ConfigMap of a Deployment that is gone, and only the very one that the cache knows.
func (c *controller) remove(ctx context.Context, deployment resource.Key) error {
	have, err := c.configMaps.Lister().Namespace(deployment.Namespace).Get(deployment.Name + nameSuffix)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	err = c.client.Namespace(have.Namespace).Delete(ctx, have.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &have.UID}})
	c.wrote(err)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (c *controller) wrote(err error) {
	if err == nil {
		c.writes.Add(1)
	}
}
