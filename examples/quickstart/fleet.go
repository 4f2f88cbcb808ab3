package main

import (
	"context"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1resources "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// fleet is the life in the embedded cluster: what Deployments, schedulers and kubelets would write there.
type fleet struct {
	deployments typed.Client[*appsv1.Deployment]
	pods        typed.Client[*corev1.Pod]
	configMaps  typed.Client[*corev1.ConfigMap]
	namespaces  typed.Client[*corev1.Namespace]
	apps        []resource.Key // of the Deployments
	replicas    int            // pods a Deployment
}

const (
	appsInNamespace = 20           // Deployments a namespace
	templateHash    = "5d8f6c7b9f" // of each Deployment's one ReplicaSet
)

func newFleet(client *rest.Client, deployments, pods int) *fleet {
	f := &fleet{
		deployments: typed.For(client, appsv1resources.Deployments),
		pods:        typed.For(client, corev1resources.Pods),
		configMaps:  typed.For(client, corev1resources.ConfigMaps),
		namespaces:  typed.For(client, corev1resources.Namespaces),
		replicas:    max(1, pods/max(1, deployments)),
	}
	for i := range deployments {
		f.apps = append(f.apps, resource.Key{
			Namespace: fmt.Sprintf("team-%02d", i/appsInNamespace),
			Name:      fmt.Sprintf("app-%03d", i),
		})
	}
	return f
}

// fill creates the namespaces, Deployments and pods, several at a time.
func (f *fleet) fill(ctx context.Context) error {
	for i, app := range f.apps {
		if i%appsInNamespace == 0 {
			namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: app.Namespace}}
			if _, err := f.namespaces.Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
				return err
			}
		}
	}
	return inParallel(ctx, 8, f.apps, func(ctx context.Context, app resource.Key) error { return f.deploy(ctx, app) })
}

// deploy creates one Deployment with its pods, all of them ready.
func (f *fleet) deploy(ctx context.Context, app resource.Key) error {
	if _, err := f.deployments.Namespace(app.Namespace).Create(ctx, f.newDeployment(app), metav1.CreateOptions{}); err != nil {
		return err
	}
	for i := range f.replicas {
		if err := f.startPod(ctx, f.newPod(app, i)); err != nil {
			return err
		}
	}
	return nil
}

// startPod creates a pod and writes the status a kubelet would.
func (f *fleet) startPod(ctx context.Context, pod *corev1.Pod) error {
	created, err := f.pods.Namespace(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	setReady(created, true)
	_, err = f.pods.Namespace(pod.Namespace).UpdateStatus(ctx, created, metav1.UpdateOptions{})
	return err
}

func (f *fleet) newDeployment(app resource.Key) *appsv1.Deployment {
	labels := map[string]string{"app": app.Name}
	replicas := int32(f.replicas)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: app.Namespace, Name: app.Name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: podSpec(app, 0)},
		},
	}
}

func (f *fleet) newPod(app resource.Key, i int) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: app.Namespace,
			Name:      fmt.Sprintf("%s-%03d", app.Name, i),
			Labels:    map[string]string{"app": app.Name, "tier": "backend", appsv1.DefaultDeploymentUniqueLabelKey: templateHash},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app.Name + "-" + templateHash, UID: types.UID("replicas-of-" + app.Name), Controller: new(true),
			}},
		},
		Spec: podSpec(app, 0),
	}
	pod.Spec.NodeName = fmt.Sprintf("node-%d", i%7)
	return pod
}

// podSpec gives each release of an app an image of its own.
func podSpec(app resource.Key, release int) corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{
		{Name: "app", Image: fmt.Sprintf("registry.local/%s:v%d", app.Name, release), Env: []corev1.EnvVar{{Name: "APP", Value: app.Name}}},
		{Name: "proxy", Image: "registry.local/proxy:v1"},
	}}
}

func setReady(pod *corev1.Pod, ready bool) {
	status, phase := corev1.ConditionFalse, corev1.PodPending
	if ready {
		status, phase = corev1.ConditionTrue, corev1.PodRunning
	}
	pod.Status.Phase = phase
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: metav1.Now()}}
}

// inParallel calls do for every item with so many workers and returns the first error.
func inParallel[I any](ctx context.Context, workers int, items []I, do func(context.Context, I) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan I)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for item := range next {
				if err := do(ctx, item); err != nil {
					stop(err)
				}
			}
		})
	}
	for _, item := range items {
		if ctx.Err() != nil {
			break
		}
		next <- item
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// tolerable errors are those that a busy cluster produces in passing. A write whose connection broke is one of them: nobody repeats
// it, for it may have happened.
func tolerable(err error) bool {
	return err == nil || apierrors.IsConflict(err) || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) ||
		utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err)
}
