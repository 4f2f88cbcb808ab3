package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1resources "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// keeper keeps the summary ConfigMaps. newKeeper wires it, run does the work.
type keeper struct {
	factory     *informers.SharedInformerFactory
	deployments informers.Informer[*appsv1.Deployment]
	pods        informers.Informer[*corev1.Pod]
	configMaps  informers.Informer[*corev1.ConfigMap] // ours alone
	client      typed.Client[*corev1.ConfigMap]
	controller  *controller.Controller[resource.Key] // its keys are those of Deployments

	reconciles, writes, conflicts, failures atomic.Int64
}

func newKeeper(client *rest.Client, o options) (*keeper, error) {
	var scope informers.Options
	if o.namespace != "" {
		scope.Namespaces = []string{o.namespace}
	}
	factory := informers.NewSharedInformerFactory(client, scope)
	ours, err := informers.ForOptions(factory, corev1resources.ConfigMaps, informers.InformerOptions{
		LabelSelector: managedByLabel + "=" + managedByUs,
	})
	if err != nil {
		return nil, err
	}
	k := &keeper{
		factory:     factory,
		deployments: informers.For(factory, appsv1resources.Deployments),
		pods:        informers.For(factory, corev1resources.Pods),
		configMaps:  ours,
		client:      typed.For(client, corev1resources.ConfigMaps),
	}
	// Which change of which object concerns which Deployment:
	k.controller = controller.New("quickstart", k.reconcile, controller.Options{Workers: o.workers, Timeout: 30 * time.Second},
		controller.For(k.deployments),
		controller.Mapped(k.pods, deploymentsOfPod),
		controller.Owned(k.configMaps, appsv1resources.Deployments))
	return k, k.pods.AddIndexers(map[string]func(*corev1.Pod) ([]string, error){byDeployment: indexByDeployment})
}

// run starts the informers, works until ctx ends, and returns when everything it started has stopped.
func (k *keeper) run(ctx context.Context) error {
	defer k.factory.Shutdown()
	k.factory.Start(ctx)
	return k.controller.Run(ctx)
}

// reconcile counts, and says what comes of an error. A conflict, or an object that came or went, means that the cache was a moment
// behind: not worth a word, only another try. Everything else the controller logs and tries again.
func (k *keeper) reconcile(ctx context.Context, key resource.Key) (controller.Result, error) {
	err := k.keep(ctx, key)
	k.reconciles.Add(1)
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err):
		k.conflicts.Add(1)
		return controller.Result{Retry: true}, nil
	case err != nil && !errors.Is(err, context.Canceled):
		k.failures.Add(1)
	}
	return controller.Result{}, err
}

func (k *keeper) wrote(err error) {
	if err == nil {
		k.writes.Add(1)
	}
}
