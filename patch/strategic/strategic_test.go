package strategic_test

import (
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"
	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/patch"
	"github.com/sheaf-dev/sheaf/patch/strategic"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newPod() *coreapi.Pod {
	pod := corev1.Pods.New()
	pod.Name, pod.ResourceVersion = "cart-0", "5"
	pod.Spec.Containers = []coreapi.Container{{Name: "main", Image: "a"}, {Name: "sidecar", Image: "b"}}
	return pod
}

func TestOnlyTheElementThatDiffersIsSent(t *testing.T) {
	from := newPod()
	to := resource.Copy(from)
	to.Spec.Containers[1].Image, to.ResourceVersion = "c", "6"
	for want, opts := range map[string][]patch.Option{
		`{"spec":{"$setElementOrder/containers":[{"name":"main"},{"name":"sidecar"}],"containers":[{"image":"c","name":"sidecar"}]}}`:                                    nil,
		`{"metadata":{"resourceVersion":"5"},"spec":{"$setElementOrder/containers":[{"name":"main"},{"name":"sidecar"}],"containers":[{"image":"c","name":"sidecar"}]}}`: {patch.Locked},
	} {
		p, err := strategic.Merge(from, to, opts...)
		if err != nil || string(p.Data) != want || p.Type != types.StrategicMergePatchType || p.Empty() {
			t.Errorf("have %s, %v", p.Data, err)
		}
	}
	to.Spec.Containers[1].Image = "b"
	if p, err := strategic.Merge(from, to); err != nil || !p.Empty() {
		t.Errorf("have %s, %v", p.Data, err)
	}
}

func TestWhatOthersHaveAddedToAListStays(t *testing.T) {
	server := apitest.New(apitest.Options{CreateNamespaces: true}).Start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdle()
	ctx, pods := t.Context(), typed.For(client, corev1.Pods).Namespace("shop")
	pod := newPod()
	pod.ResourceVersion = ""
	from, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	others := `{"spec":{"tolerations":[{"key":"theirs","operator":"Exists"}]},"metadata":{"finalizers":["example.com/theirs"]}}`
	if _, err := pods.Patch(ctx, from.Name, types.StrategicMergePatchType, []byte(others), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	to := resource.Copy(from)
	to.Finalizers = append(to.Finalizers, "example.com/mine")
	to.Spec.Containers[0].Image = "d"
	p, err := strategic.Merge(from, to)
	if err != nil {
		t.Fatal(err)
	}
	now, err := pods.Patch(ctx, from.Name, p.Type, p.Data, metav1.PatchOptions{})
	if err != nil || len(now.Finalizers) != 2 || len(now.Spec.Tolerations) == 0 || now.Spec.Containers[0].Image != "d" || now.Spec.Containers[1].Image != "b" {
		t.Errorf("have %v %v, %v", now.ObjectMeta, now.Spec, err)
	}
}

func TestObjectsWithoutAGoTypeHaveNoStrategicPatch(t *testing.T) {
	u := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "x"}, "spec": map[string]any{"l": []any{"a"}}}}
	to := u.DeepCopy()
	to.Object["spec"] = map[string]any{"l": []any{"b"}}
	if p, err := strategic.Merge(u, to); err == nil || !strings.HasPrefix(err.Error(), `patch "x": `) {
		t.Errorf("have %s, %v", p.Data, err)
	}
}

func ExampleMerge() {
	from := newPod()
	to := resource.Copy(from)
	to.Spec.Containers = to.Spec.Containers[:1]
	p, err := strategic.Merge(from, to)
	fmt.Println(string(p.Data), err)
	// Output: {"spec":{"$setElementOrder/containers":[{"name":"main"}],"containers":[{"$patch":"delete","name":"sidecar"}]}} <nil>
}
