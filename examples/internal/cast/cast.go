// Package cast has others at work on the embedded server: what a cluster's users and controllers would do, for the examples to see.
package cast

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/retry"
)

// NewPod returns a pod of the app web.
func NewPod(name, node string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "main", Image: "example.com/web:1"}}},
	}
}

// FivePods makes five.
func FivePods(ctx context.Context, client *rest.Client) error {
	pods := typed.For(client, core.Pods).Namespace("default")
	for i := range 5 {
		if _, err := pods.Create(ctx, NewPod(fmt.Sprintf("web-%d", i), "node-0"), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// Pods makes a pod every 450 ms, on two nodes in turn, and ends every third one after a while.
func Pods(ctx context.Context, client *rest.Client) error {
	pods := typed.For(client, core.Pods).Namespace("default")
	for i := 0; ; i++ {
		name := fmt.Sprintf("web-%d", i)
		if _, err := pods.Create(ctx, NewPod(name, fmt.Sprintf("node-%d", i%2)), metav1.CreateOptions{}); err != nil {
			return err
		}
		_, err := retry.UpdateStatus(ctx, pods, name, func(p *corev1.Pod) error {
			p.Status.Phase = corev1.PodRunning
			return nil
		})
		if err != nil {
			return err
		}
		if i%3 == 2 {
			if err := pods.Delete(ctx, fmt.Sprintf("web-%d", i-2), metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
				return err
			}
		}
		if !run.Pause(ctx, 450*time.Millisecond) {
			return nil
		}
	}
}

// Deployments makes three.
func Deployments(ctx context.Context, client *rest.Client) error {
	deployments := typed.For(client, apps.Deployments).Namespace("default")
	for i, name := range []string{"web", "api", "worker"} {
		if _, err := deployments.Create(ctx, newDeployment(name, int32(i+1)), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// Rollout lets the replicas of one of the Deployments become ready, and removes another.
func Rollout(ctx context.Context, client *rest.Client) error {
	deployments := typed.For(client, apps.Deployments).Namespace("default")
	for ready := range int32(2) {
		if !run.Pause(ctx, 700*time.Millisecond) {
			return nil
		}
		_, err := retry.UpdateStatus(ctx, deployments, "api", func(d *appsv1.Deployment) error {
			d.Status.Replicas, d.Status.ReadyReplicas = 2, ready+1
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !run.Pause(ctx, 700*time.Millisecond) {
		return nil
	}
	return deployments.Delete(ctx, "worker", metav1.DeleteOptions{})
}

func newDeployment(name string, replicas int32) *appsv1.Deployment {
	match := map[string]string{"app": name}
	pod := NewPod("", "")
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: match},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: match},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: match}, Spec: pod.Spec},
		},
	}
}
