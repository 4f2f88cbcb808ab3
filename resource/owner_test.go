package resource_test

import (
	"fmt"
	"testing"

	appsapi "k8s.io/api/apps/v1"
	coreapi "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// owners returns a ReplicaSet and a pod of one namespace.
func owners() (*appsapi.ReplicaSet, *coreapi.Pod) {
	set, pod := appsv1.ReplicaSets.New(), corev1.Pods.New()
	set.Namespace, set.Name, set.UID = "shop", "cart", types.UID("u1")
	pod.Namespace, pod.Name = "shop", "cart-0"
	return set, pod
}

func TestAnObjectHasOneControllerAndManyOwners(t *testing.T) {
	set, pod := owners()
	node := corev1.Nodes.New()
	node.Name, node.UID = "n", "u2"
	for range 2 { // saying it again changes nothing
		if err := resource.AddOwner(node, pod); err != nil {
			t.Fatal(err)
		}
		if err := resource.SetController(set, pod); err != nil {
			t.Fatal(err)
		}
		if err := resource.AddOwner(set, pod); err != nil {
			t.Fatal(err)
		}
	}
	refs := pod.OwnerReferences
	if len(refs) != 2 || refs[0].Kind != "Node" || refs[0].Controller != nil || refs[1].APIVersion != "apps/v1" || !*refs[1].Controller || !*refs[1].BlockOwnerDeletion {
		t.Errorf("have %+v", refs)
	}
	kind, key, ok := resource.ControllerOf(pod)
	if !ok || kind != appsapi.SchemeGroupVersion.WithKind("ReplicaSet") || key != resource.KeyOf(set) {
		t.Errorf("have %v %v %v", kind, key, ok)
	}
	other, _ := owners()
	other.UID = "u3"
	if err := resource.SetController(other, pod); err == nil || err.Error() != `"shop/cart-0" is controlled by ReplicaSet "cart" already` {
		t.Errorf("have %v", err)
	}
	if !resource.RemoveOwner(set, pod) || resource.RemoveOwner(set, pod) || len(pod.OwnerReferences) != 1 {
		t.Errorf("have %+v", pod.OwnerReferences)
	}
	if _, _, ok := resource.ControllerOf(pod); ok {
		t.Error("a controller that was removed")
	}
	if len(refs) != 2 || refs[1].Kind != "ReplicaSet" {
		t.Errorf("a slice that somebody holds was changed: %+v", refs)
	}
}

func TestWhatCannotOwnIsAnError(t *testing.T) {
	set, pod := owners()
	elsewhere, _ := owners()
	elsewhere.Namespace = "garden"
	local, _ := owners()
	node := corev1.Nodes.New()
	node.Name = "n"
	fresh := resource.Copy(set)
	fresh.UID = ""
	for want, err := range map[string]error{
		`"shop/cart" cannot own "shop/cart-0": it has no apiVersion, kind, name, and uid of a server's`: resource.SetController(fresh, pod),
		`ReplicaSet "garden/cart" cannot own "shop/cart-0": an owner has the same namespace or none`:    resource.AddOwner(elsewhere, pod),
		`ReplicaSet "shop/cart" cannot own "n": an owner has the same namespace or none`:                resource.AddOwner(local, node),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("have %v\nwant %s", err, want)
		}
	}
	if len(pod.OwnerReferences) != 0 {
		t.Errorf("have %v", pod.OwnerReferences)
	}
}

func ExampleSetController() {
	set, pod := owners()
	if err := resource.SetController(set, pod); err != nil {
		fmt.Println(err)
		return
	}
	kind, key, ok := resource.ControllerOf(pod)
	fmt.Println(kind.Kind, key, ok)
	// Output: ReplicaSet shop/cart true
}
