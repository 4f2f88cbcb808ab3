package main

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

// byDeployment is the index of pods by the Deployment that they belong to, so that a reconcile costs as much as it has pods.
const byDeployment = "deployment"

func indexByDeployment(pod *corev1.Pod) (values []string, err error) {
	for _, key := range deploymentsOfPod(pod) {
		values = append(values, key.String())
	}
	return values, nil
}

// deploymentsOfPod returns the key of the Deployment that a pod belongs to, or none. A pod is owned by a ReplicaSet, which Deployments
// name after themselves and the hash of the template, and that hash is a label of the pod: so the pod alone tells, and no
// ReplicaSets need to be watched. It must be the pod alone, for a key is also wanted of pods that are gone.
func deploymentsOfPod(pod *corev1.Pod) []resource.Key {
	owner, hash := metav1.GetControllerOfNoCopy(pod), pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	if owner == nil || owner.Kind != "ReplicaSet" || hash == "" {
		return nil
	}
	name, named := strings.CutSuffix(owner.Name, "-"+hash)
	if !named || name == "" {
		return nil
	}
	return []resource.Key{{Namespace: pod.Namespace, Name: name}}
}
