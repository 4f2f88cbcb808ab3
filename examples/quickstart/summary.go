package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// summarize is all the business logic there is: a pure function of a Deployment and its pods.
func summarize(d *appsv1.Deployment, pods []*corev1.Pod) map[string]string {
	byNode, byImage := map[string]int{}, map[string]int{}
	ready, last := 0, d.CreationTimestamp.Time
	for _, pod := range pods {
		last = later(last, lastChange(pod))
		if !isReady(pod) {
			continue
		}
		ready++
		byNode[pod.Spec.NodeName]++
		for _, container := range pod.Spec.Containers {
			byImage[container.Image]++
		}
	}
	return map[string]string{
		"pods":         fmt.Sprintf("%d ready of %d", ready, len(pods)),
		"readyByNode":  table(byNode),
		"readyByImage": table(byImage),
		"lastChange":   last.UTC().Format(time.RFC3339),
	}
}

// lastChange is the latest of the pod's creation, its mark for deletion, and the last turn of its readiness.
func lastChange(pod *corev1.Pod) time.Time {
	last := pod.CreationTimestamp.Time
	if pod.DeletionTimestamp != nil {
		last = later(last, pod.DeletionTimestamp.Time)
	}
	if c := readyCondition(pod); c != nil {
		last = later(last, c.LastTransitionTime.Time)
	}
	return last
}

func isReady(pod *corev1.Pod) bool {
	c := readyCondition(pod)
	return c != nil && c.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
}

func readyCondition(pod *corev1.Pod) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == corev1.PodReady {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// table writes one "name: count" a line, sorted, so that equal counts give equal text.
func table(counts map[string]int) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "%s: %d\n", name, counts[name])
	}
	return b.String()
}
