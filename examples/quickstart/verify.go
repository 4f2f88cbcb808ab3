package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1resources "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// A verdict says how the ConfigMaps on the server compare with what the server's own Deployments and pods ask for.
type verdict struct {
	Deployments int
	Equal       int
	Differ      []string // one sentence each
}

// verify compares every ConfigMap with the server's state, read without any cache. Work may still be on its way, so it looks again
// until all is equal or ctx ends, and returns the last look.
func verify(ctx context.Context, client *rest.Client, namespace string) (verdict, error) {
	for {
		v, err := compare(ctx, client, namespace)
		if err != nil || len(v.Differ) == 0 {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func compare(ctx context.Context, client *rest.Client, namespace string) (verdict, error) {
	// One look takes three lists; a deadline of its own lets the last look finish.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	deployments, err := all(ctx, typed.For(client, appsv1resources.Deployments).Namespace(namespace), "")
	if err != nil {
		return verdict{}, err
	}
	pods, err := all(ctx, typed.For(client, corev1resources.Pods).Namespace(namespace), "")
	if err != nil {
		return verdict{}, err
	}
	configMaps, err := all(ctx, typed.For(client, corev1resources.ConfigMaps).Namespace(namespace), managedByLabel+"="+managedByUs)
	if err != nil {
		return verdict{}, err
	}
	return judge(deployments, pods, configMaps), nil
}

// all reads a whole collection.
func all[T resource.Object](ctx context.Context, client typed.Client[T], labelSelector string) ([]T, error) {
	var items []T
	for o, err := range client.All(ctx, metav1.ListOptions{LabelSelector: labelSelector}) {
		if err != nil {
			return nil, err
		}
		items = append(items, o)
	}
	return items, nil
}

func judge(deployments []*appsv1.Deployment, pods []*corev1.Pod, configMaps []*corev1.ConfigMap) verdict {
	v := verdict{Deployments: len(deployments)}
	podsOf := map[resource.Key][]*corev1.Pod{}
	for _, pod := range pods {
		for _, key := range deploymentsOfPod(pod) {
			podsOf[key] = append(podsOf[key], pod)
		}
	}
	have := map[resource.Key]*corev1.ConfigMap{}
	for _, cm := range configMaps {
		have[resource.KeyOf(cm)] = cm
	}
	for _, d := range deployments {
		if d.DeletionTimestamp != nil {
			continue
		}
		want := summaryConfigMap(d, podsOf[resource.KeyOf(d)])
		key := resource.KeyOf(want)
		switch cm := have[key]; {
		case cm == nil:
			v.Differ = append(v.Differ, fmt.Sprintf("deployment %s has no ConfigMap", resource.KeyOf(d)))
		case !upToDate(cm, want):
			v.Differ = append(v.Differ, fmt.Sprintf("ConfigMap %s is %v, should be %v", key, cm.Data, want.Data))
		default:
			v.Equal++
		}
		delete(have, key)
	}
	for key := range have {
		v.Differ = append(v.Differ, fmt.Sprintf("ConfigMap %s belongs to no Deployment", key))
	}
	return v
}
