package resource_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	sheaf "github.com/sheaf-dev/sheaf/resource"
)

func TestEqualIsWhatMeansTheSameWhateverATypeHidesInside(t *testing.T) {
	type hidden struct {
		At    time.Time
		Names []string
	}
	noon := time.Unix(43200, 0)
	list := func(q string) corev1.ResourceList { return corev1.ResourceList{"cpu": resource.MustParse(q)} }
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{list("1"), list("1000m"), true},
		{list("1"), list("2"), false},
		{&corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{}}}, &corev1.Pod{}, true},
		{&hidden{At: noon}, &hidden{At: noon}, true},
		{&hidden{At: noon}, &hidden{At: noon.Add(1)}, false},
		{&hidden{At: noon, Names: []string{"a"}}, &hidden{At: noon}, false},
	} {
		if got := sheaf.Equal(c.a, c.b); got != c.want {
			t.Errorf("Equal(%v, %v) = %t", c.a, c.b, got)
		}
	}
}
