package main

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/resource"
)

// keep brings one Deployment's ConfigMap to what the caches say it should be.
func (k *keeper) keep(ctx context.Context, key resource.Key) error {
	deployment, err := k.deployments.Lister().Get(key)
	if apierrors.IsNotFound(err) || err == nil && deployment.DeletionTimestamp != nil {
		return k.remove(ctx, key)
	}
	if err != nil {
		return err
	}
	want, err := k.wanted(deployment)
	if err != nil {
		return err
	}
	have, err := k.configMaps.Lister().Get(resource.KeyOf(want))
	switch {
	case apierrors.IsNotFound(err):
		return k.create(ctx, want)
	case err != nil:
		return err
	case upToDate(have, want):
		return nil
	}
	next := resource.Copy(have) // what the cache holds is shared and read-only
	next.OwnerReferences, next.Data = want.OwnerReferences, want.Data
	_, err = k.client.Namespace(key.Namespace).Update(ctx, next, metav1.UpdateOptions{})
	k.wrote(err)
	return err
}

func (k *keeper) wanted(d *appsv1.Deployment) (*corev1.ConfigMap, error) {
	pods, err := k.pods.ByIndex(byDeployment, resource.KeyOf(d).String())
	return summaryConfigMap(d, pods), err
}

// create writes a new ConfigMap. A name that somebody else already uses is theirs: it stays as it is, and the log says so.
func (k *keeper) create(ctx context.Context, want *corev1.ConfigMap) error {
	_, err := k.client.Namespace(want.Namespace).Create(ctx, want, metav1.CreateOptions{})
	k.wrote(err)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	live, getErr := k.client.Namespace(want.Namespace).Get(ctx, want.Name, metav1.GetOptions{})
	if getErr != nil {
		return getErr
	}
	if isOurs(live) {
		return err // the cache has not seen it yet
	}
	klog.FromContext(ctx).Info("A ConfigMap of this name belongs to somebody else, leaving it alone", "configMap", resource.KeyOf(live))
	return nil
}

// remove deletes the ConfigMap of a Deployment that is gone, and only the very one that the cache knows.
func (k *keeper) remove(ctx context.Context, deployment resource.Key) error {
	have, err := k.configMaps.Lister().Namespace(deployment.Namespace).Get(deployment.Name + nameSuffix)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	err = k.client.Namespace(have.Namespace).Delete(ctx, have.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &have.UID}})
	k.wrote(err)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
