package main

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Every ConfigMap of this controller carries this label; the informer asks the server for these alone.
const (
	managedByLabel = "app.kubernetes.io/managed-by"
	managedByUs    = "sheaf-quickstart"
	nameSuffix     = "-summary"
)

// summaryConfigMap is the ConfigMap that a Deployment should have.
func summaryConfigMap(d *appsv1.Deployment, pods []*corev1.Pod) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       d.Namespace,
			Name:            d.Name + nameSuffix,
			Labels:          map[string]string{managedByLabel: managedByUs},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))},
		},
		Data: summarize(d, pods),
	}
}

// isOurs says whether a ConfigMap was written by this controller, whether or not its Deployment still exists.
func isOurs(cm *corev1.ConfigMap) bool {
	owner := metav1.GetControllerOfNoCopy(cm)
	return cm.Labels[managedByLabel] == managedByUs && owner != nil && owner.Kind == "Deployment"
}

// upToDate says whether a ConfigMap already is what is wanted. Labels of other people are none of our business.
func upToDate(have, want *corev1.ConfigMap) bool {
	return maps.Equal(have.Data, want.Data) &&
		have.Labels[managedByLabel] == managedByUs &&
		slices.EqualFunc(have.OwnerReferences, want.OwnerReferences, func(a, b metav1.OwnerReference) bool {
			return a.UID == b.UID && a.Kind == b.Kind && a.Name == b.Name
		})
}
