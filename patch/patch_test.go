package patch_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/patch"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func untyped(content string, version string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON([]byte(`{"apiVersion":"v1","kind":"Thing","metadata":{"name":"x","resourceVersion":"` + version + `"}` + content + `}`)); err != nil {
		panic(err)
	}
	return u
}

func TestAMergePatchHasWhatDiffersAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct{ from, to, want string }{
		"nothing":            {`,"spec":{"a":1}`, `,"spec":{"a":1}`, `{}`},
		"a changed field":    {`,"spec":{"a":1,"b":2}`, `,"spec":{"a":1,"b":3}`, `{"spec":{"b":3}}`},
		"a new field":        {`,"spec":{"a":1}`, `,"spec":{"a":1,"c":{"d":null,"e":"f"}}`, `{"spec":{"c":{"d":null,"e":"f"}}}`},
		"a removed field":    {`,"spec":{"a":1,"b":2}`, `,"spec":{"a":1}`, `{"spec":{"b":null}}`},
		"a removed struct":   {`,"spec":{"a":{"b":2}}`, `,"spec":{}`, `{"spec":{"a":null}}`},
		"another type":       {`,"spec":{"a":{"b":2}}`, `,"spec":{"a":[1]}`, `{"spec":{"a":[1]}}`},
		"an element":         {`,"spec":{"l":[1,2]}`, `,"spec":{"l":[1,3]}`, `{"spec":{"l":[1,3]}}`},
		"a large number":     {`,"spec":{"a":9007199254740993}`, `,"spec":{"a":9007199254740992}`, `{"spec":{"a":9007199254740992}}`},
		"a field of nothing": {``, `,"spec":{"a":1}`, `{"spec":{"a":1}}`},
	} {
		p, err := patch.Merge(untyped(tt.from, "5"), untyped(tt.to, "6"))
		if err != nil || string(p.Data) != tt.want || p.Type != types.MergePatchType || p.Empty() != (tt.want == "{}") {
			t.Errorf("%s: have %s, %v", name, p.Data, err)
		}
	}
}

func TestALockedPatchCarriesTheVersionThatWasRead(t *testing.T) {
	for want, to := range map[string]string{
		`{"metadata":{"resourceVersion":"5"}}`:                `,"spec":{}`,
		`{"metadata":{"resourceVersion":"5"},"spec":{"a":1}}`: `,"spec":{"a":1}`,
	} {
		p, err := patch.Merge(untyped(`,"spec":{}`, "5"), untyped(to, "6"), patch.Locked)
		if err != nil || string(p.Data) != want || p.Empty() != (to == `,"spec":{}`) {
			t.Errorf("have %s, %v", p.Data, err)
		}
	}
	_, err := patch.Merge(untyped(``, ""), untyped(``, ""), patch.Locked)
	if err == nil || err.Error() != `patch "x": a locked patch needs the resourceVersion of the state that was read` {
		t.Errorf("have %v", err)
	}
}

func TestObjectsThatHaveNoJSONAreErrors(t *testing.T) {
	bad := untyped("", "5")
	bad.Object["spec"] = func() {}
	_, err1 := patch.Merge(bad, untyped("", "5"))
	_, err2 := patch.Merge(untyped("", "5"), bad)
	for _, err := range []error{err1, err2} {
		if err == nil || !strings.HasPrefix(err.Error(), `patch "x": json: `) {
			t.Errorf("have %v", err)
		}
	}
}

func TestPatchesLeadFromOneStateToTheOther(t *testing.T) {
	server := apitest.New(apitest.Options{CreateNamespaces: true}).Start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdle()
	ctx, configMaps := t.Context(), typed.For(client, corev1.ConfigMaps).Namespace("shop")
	first, err := configMaps.Create(ctx, &coreapi.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: map[string]string{"a": "1", "b": "2"}}, Data: map[string]string{"k": "v", "l": "w"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	changed := resource.Copy(first)
	delete(changed.Labels, "a")
	changed.Data["k"], changed.Data["m"] = "V", ""
	p, err := patch.Merge(first, changed, patch.Locked)
	if err != nil {
		t.Fatal(err)
	}
	now, err := configMaps.Patch(ctx, "x", p.Type, p.Data, metav1.PatchOptions{})
	if err != nil || !reflect.DeepEqual(now.Data, changed.Data) || !reflect.DeepEqual(now.Labels, changed.Labels) {
		t.Fatalf("have %v, %v", now, err)
	}
	if _, err := configMaps.Patch(ctx, "x", p.Type, p.Data, metav1.PatchOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("the lock of an old state: have %v", err)
	}
}

func ExampleMerge() {
	pod := corev1.Pods.New()
	pod.Name, pod.Labels = "cart-0", map[string]string{"tier": "back"}
	changed := resource.Copy(pod)
	changed.Labels["tier"] = "front"

	p, err := patch.Merge(pod, changed)
	fmt.Println(p.Type, string(p.Data), p.Empty(), err)
	p, err = patch.Merge(pod, pod)
	fmt.Println(p.Empty(), err)
	// Output:
	// application/merge-patch+json {"metadata":{"labels":{"tier":"front"}}} false <nil>
	// true <nil>
}
