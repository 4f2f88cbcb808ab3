package main

import (
	"context"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
)

// churn changes the fleet, so many times a second, until ctx ends: readiness flips, pods are replaced and upgraded, Deployments go
// and come back, and now and then somebody defaces or deletes one of the controller's ConfigMaps.
func (f *fleet) churn(ctx context.Context, perSecond int) error {
	if perSecond <= 0 || len(f.apps) == 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := f.change(ctx); !tolerable(err) && ctx.Err() == nil {
			return err
		}
	}
}

func (f *fleet) change(ctx context.Context) error {
	app := f.apps[rand.IntN(len(f.apps))]
	i := rand.IntN(f.replicas)
	switch dice := rand.IntN(100); {
	case dice < 70:
		return f.flip(ctx, app, i)
	case dice < 85:
		return f.replace(ctx, app, i)
	case dice < 94:
		return f.upgrade(ctx, app, i)
	case dice < 96:
		return f.redeploy(ctx, app)
	case dice < 98:
		return f.deface(ctx, app)
	default:
		return f.configMaps.Namespace(app.Namespace).Delete(ctx, app.Name+nameSuffix, metav1.DeleteOptions{})
	}
}

// flip turns a pod's readiness.
func (f *fleet) flip(ctx context.Context, app resource.Key, i int) error {
	pod, err := f.pods.Namespace(app.Namespace).Get(ctx, f.newPod(app, i).Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	setReady(pod, !isReady(pod))
	_, err = f.pods.Namespace(app.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

// replace deletes a pod and starts another of the same name.
func (f *fleet) replace(ctx context.Context, app resource.Key, i int) error {
	pod := f.newPod(app, i)
	now := int64(0)
	if err := f.pods.Namespace(app.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); !tolerable(err) {
		return err
	}
	return f.startPod(ctx, pod)
}

// upgrade gives a pod a new image.
func (f *fleet) upgrade(ctx context.Context, app resource.Key, i int) error {
	pod, err := f.pods.Namespace(app.Namespace).Get(ctx, f.newPod(app, i).Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	pod.Spec.Containers[0].Image = podSpec(app, 1+rand.IntN(5)).Containers[0].Image
	_, err = f.pods.Namespace(app.Namespace).Update(ctx, pod, metav1.UpdateOptions{})
	return err
}

// redeploy deletes a Deployment and creates it anew: the same name, another UID.
func (f *fleet) redeploy(ctx context.Context, app resource.Key) error {
	if err := f.deployments.Namespace(app.Namespace).Delete(ctx, app.Name, metav1.DeleteOptions{}); !tolerable(err) {
		return err
	}
	_, err := f.deployments.Namespace(app.Namespace).Create(ctx, f.newDeployment(app), metav1.CreateOptions{})
	return err
}

// deface writes nonsense into a ConfigMap of the controller, which should notice and mend it.
func (f *fleet) deface(ctx context.Context, app resource.Key) error {
	nonsense := []byte(`{"data":{"readyByNode":"nonsense"}}`)
	_, err := f.configMaps.Namespace(app.Namespace).Patch(ctx, app.Name+nameSuffix, types.MergePatchType, nonsense, metav1.PatchOptions{})
	return err
}
