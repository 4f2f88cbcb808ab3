package resource_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

func BenchmarkCopyOfAPodByItsMethod(b *testing.B) {
	pod := benchmarkPod()
	b.ReportAllocs()
	for b.Loop() {
		resource.Copy(pod)
	}
}

func BenchmarkCopyOfAPodByItsStructure(b *testing.B) {
	pod := benchmarkPod()
	b.ReportAllocs()
	for b.Loop() {
		resource.CopyByStructure(pod)
	}
}

func BenchmarkCopyOfACustomResourceWithoutMethods(b *testing.B) {
	widget := newWidget()
	b.ReportAllocs()
	for b.Loop() {
		resource.Copy(widget)
	}
}

func BenchmarkDefine(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		resource.Define[*corev1.Pod]("", "v1", "pods", "Pod", resource.Namespaced, resource.Builtin(resource.StatusSubresource()))
	}
}

func benchmarkPod() *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "n", Labels: map[string]string{"app": "a", "tier": "b"}}}
	for _, name := range []string{"main", "sidecar"} {
		c := corev1.Container{Name: name, Image: "registry/image:1", Args: []string{"-a", "-b"}}
		for range 15 {
			c.Env = append(c.Env, corev1.EnvVar{Name: "NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}})
		}
		pod.Spec.Containers = append(pod.Spec.Containers, c)
	}
	pod.Status.Conditions = make([]corev1.PodCondition, 5)
	return pod
}
