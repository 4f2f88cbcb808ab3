package main

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
)

// watch says which change of which object concerns which Deployment.
func (c *controller) watch() error {
	if err := c.deployments.AddIndexers(map[string]func(*appsv1.Deployment) ([]string, error){bySelector: selectorTerm}); err != nil {
		return err
	}
	if _, err := c.deployments.AddEventHandler(informers.ResourceEventHandlerFuncs[*appsv1.Deployment]{
		AddFunc:    func(d *appsv1.Deployment, _ bool) { c.enqueue(resource.KeyOf(d)) },
		UpdateFunc: func(_, d *appsv1.Deployment, _ bool) { c.enqueue(resource.KeyOf(d)) },
		DeleteFunc: func(d *appsv1.Deployment, _ bool) { c.enqueue(resource.KeyOf(d)) },
	}); err != nil {
		return err
	}
	if _, err := c.pods.AddEventHandler(informers.ResourceEventHandlerFuncs[*corev1.Pod]{
		AddFunc: func(p *corev1.Pod, _ bool) { c.enqueueOwnersOf(p) },
		UpdateFunc: func(old, p *corev1.Pod, _ bool) {
			if !maps.Equal(old.Labels, p.Labels) {
				c.enqueueOwnersOf(old)
			}
			c.enqueueOwnersOf(p)
		},
		DeleteFunc: func(p *corev1.Pod, _ bool) { c.enqueueOwnersOf(p) },
	}); err != nil {
		return err
	}
	_, err := c.configMaps.AddEventHandler(informers.ResourceEventHandlerFuncs[*corev1.ConfigMap]{
		AddFunc:    func(cm *corev1.ConfigMap, _ bool) { c.enqueueDeploymentOf(cm) },
		UpdateFunc: func(_, cm *corev1.ConfigMap, _ bool) { c.enqueueDeploymentOf(cm) },
		DeleteFunc: func(cm *corev1.ConfigMap, _ bool) { c.enqueueDeploymentOf(cm) },
	})
	return err
}

func (c *controller) enqueue(deployment resource.Key) {
	c.events.Add(1)
	c.queue.Add(deployment)
}

func (c *controller) enqueueDeploymentOf(cm *corev1.ConfigMap) {
	if key, ok := deploymentOf(cm); ok {
		c.enqueue(key)
	}
}

// bySelector finds Deployments by one term of their selector, so that a pod's event costs a few look-ups instead of trying
// every selector in the namespace. Whether the whole selector matches is left to the reconcile, which is idempotent.
const bySelector = "selector-term"

func selectorTerm(d *appsv1.Deployment) ([]string, error) {
	if d.Spec.Selector == nil {
		return nil, nil
	}
	if len(d.Spec.Selector.MatchLabels) == 0 {
		return []string{d.Namespace + "/"}, nil // expressions alone: any pod of the namespace may match
	}
	label := slices.Min(slices.Collect(maps.Keys(d.Spec.Selector.MatchLabels)))
	return []string{term(d.Namespace, label, d.Spec.Selector.MatchLabels[label])}, nil
}

func term(namespace, label, value string) string { return namespace + "/" + label + "=" + value }

func (c *controller) enqueueOwnersOf(pod *corev1.Pod) {
	c.events.Add(1)
	c.enqueueTerm(pod.Namespace + "/")
	for label, value := range pod.Labels {
		c.enqueueTerm(term(pod.Namespace, label, value))
	}
}

func (c *controller) enqueueTerm(term string) {
	deployments, err := c.deployments.ByIndex(bySelector, term)
	if err != nil {
		panic(err) // the index was added before any event: only a typing error gets here
	}
	for _, d := range deployments {
		c.queue.Add(resource.KeyOf(d))
	}
}
