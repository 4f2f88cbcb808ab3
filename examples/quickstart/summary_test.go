package main

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

func TestASummaryCountsReadyPodsByNodeAndImage(t *testing.T) {
	at := func(minute int) metav1.Time {
		return metav1.NewTime(time.Date(2026, 5, 1, 12, minute, 0, 0, time.UTC))
	}
	pod := func(node, image string, ready corev1.ConditionStatus, changed metav1.Time) *corev1.Pod {
		return &corev1.Pod{
			Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Image: image}}},
			Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
				{Type: corev1.PodReady, Status: ready, LastTransitionTime: changed},
			}},
		}
	}
	leaving := pod("a", "web:1", corev1.ConditionTrue, at(2))
	leaving.DeletionTimestamp = new(at(9))
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(0)}}
	got := summarize(d, []*corev1.Pod{
		pod("b", "web:1", corev1.ConditionTrue, at(1)),
		pod("a", "web:2", corev1.ConditionTrue, at(3)),
		pod("a", "web:2", corev1.ConditionTrue, at(4)),
		pod("a", "web:2", corev1.ConditionFalse, at(5)),
		leaving,
	})
	for name, want := range map[string]string{
		"pods":         "3 ready of 5",
		"readyByNode":  "a: 2\nb: 1\n",
		"readyByImage": "web:1: 1\nweb:2: 2\n",
		"lastChange":   "2026-05-01T12:09:00Z",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestJudgeFindsEveryKindOfDifference(t *testing.T) {
	d := func(name string) *appsv1.Deployment {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: "uid-of-" + "x"}}
	}
	right := summaryConfigMap(d("right"), nil)
	wrong := summaryConfigMap(d("wrong"), nil)
	wrong.Data["pods"] = "nonsense"
	orphan := summaryConfigMap(d("orphan"), nil)
	v := judge([]*appsv1.Deployment{d("right"), d("wrong"), d("missing")}, nil, []*corev1.ConfigMap{right, wrong, orphan})
	if v.Equal != 1 || len(v.Differ) != 3 {
		t.Errorf("%d equal, differences: %q", v.Equal, v.Differ)
	}
	if theirs := (&corev1.ConfigMap{}); !isOurs(right) || isOurs(theirs) {
		t.Error("it does not know its own ConfigMaps")
	}
}

func TestAPodTellsItsDeployment(t *testing.T) {
	pod := func(kind, owner, hash string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: "p", Labels: map[string]string{"pod-template-hash": hash},
			OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: owner, Controller: new(true)}},
		}}
	}
	tests := map[string]struct {
		pod  *corev1.Pod
		want []resource.Key
	}{
		"of a Deployment":                {pod("ReplicaSet", "web-api-5d8f", "5d8f"), []resource.Key{{Namespace: "ns", Name: "web-api"}}},
		"of a ReplicaSet on its own":     {pod("ReplicaSet", "web", ""), nil},
		"of a ReplicaSet named oddly":    {pod("ReplicaSet", "web", "5d8f"), nil},
		"of a StatefulSet":               {pod("StatefulSet", "web-5d8f", "5d8f"), nil},
		"of nobody":                      {&corev1.Pod{}, nil},
		"of a ReplicaSet without a name": {pod("ReplicaSet", "-5d8f", "5d8f"), nil},
	}
	for name, test := range tests {
		if got := deploymentsOfPod(test.pod); !slices.Equal(got, test.want) {
			t.Errorf("a pod %s belongs to %v, want %v", name, got, test.want)
		}
	}
}
