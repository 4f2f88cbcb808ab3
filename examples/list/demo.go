package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/examples/internal/demo"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// demoCluster starts an API server inside the process with a few pods. It ends with the process.
func demoCluster(ctx context.Context) (*rest.Config, error) {
	config, _, err := demo.Start(ctx)
	if err != nil {
		return nil, err
	}
	client, err := rest.NewClient(config)
	if err != nil {
		return nil, err
	}
	pods := typed.For(client, corev1resources.Pods).Namespace("default")
	for i := range 5 {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("web-%d", i), Labels: map[string]string{"app": "web"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "registry.local/web:v1"}}},
		}
		if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			return nil, err
		}
	}
	return config, nil
}
