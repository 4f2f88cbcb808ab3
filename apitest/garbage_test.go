package apitest_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apitest"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

var collecting = apitest.Options{CollectGarbage: true}

// family creates an owner and two dependents, one of which owns a third, and says which of them exist.
func family(t *testing.T, srv *apitest.Server, c client) (exist func() string) {
	t.Helper()
	create := func(name string, owners ...string) {
		m := configMap(name)
		for _, owner := range owners {
			got, err := apitest.In(srv, resources.ConfigMaps).Get(key(owner))
			if err != nil {
				t.Fatal(err)
			}
			block := true
			m.OwnerReferences = append(m.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: owner, UID: got.UID, BlockOwnerDeletion: &block})
		}
		c.must(201, nil, "POST", configMaps, m)
	}
	create("owner")
	create("other")
	create("child", "owner")
	create("shared", "owner", "other")
	create("grandchild", "child")
	return func() (names string) {
		for m := range apitest.In(srv, resources.ConfigMaps).All() {
			names += " " + m.Name
		}
		return names
	}
}

func TestDependentsGoWithTheirLastOwner(t *testing.T) {
	for policy, want := range map[string]string{
		"Background": " other shared",
		"Foreground": " other shared",
		"Orphan":     " child grandchild other shared",
	} {
		t.Run(policy, func(t *testing.T) {
			inFakeTime(t, collecting, func(t *testing.T, srv *apitest.Server, c client) {
				exist := family(t, srv, c)
				c.must(200, nil, "DELETE", configMaps+"/owner?propagationPolicy="+policy, nil)
				if got := exist(); got != want {
					t.Fatalf("left:%s", got)
				}
				shared, err := apitest.In(srv, resources.ConfigMaps).Get(key("shared"))
				if err != nil || len(shared.OwnerReferences) != 1 || shared.OwnerReferences[0].Name != "other" {
					t.Fatal(shared, err)
				}
			})
		})
	}
}

func TestAForegroundDeletionWaitsForItsDependents(t *testing.T) {
	inFakeTime(t, collecting, func(t *testing.T, srv *apitest.Server, c client) {
		exist := family(t, srv, c)
		c.must(200, nil, "PATCH", configMaps+"/grandchild", []byte(`{"metadata":{"finalizers":["example.com/hold"]}}`), "Content-Type", mergePatch)
		c.must(200, nil, "DELETE", configMaps+"/owner?propagationPolicy=Foreground", nil)
		if got := exist(); got != " child grandchild other owner shared" {
			t.Fatalf("left:%s", got)
		}
		c.must(200, nil, "PATCH", configMaps+"/grandchild", []byte(`{"metadata":{"finalizers":null}}`), "Content-Type", mergePatch)
		if got := exist(); got != " other shared" {
			t.Fatalf("left:%s", got)
		}
	})
}

func TestAnObjectOfAnOwnerThatDoesNotExistIsDeleted(t *testing.T) {
	inFakeTime(t, collecting, func(t *testing.T, _ *apitest.Server, c client) {
		m := configMap("a")
		m.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "gone", UID: types.UID("gone")}}
		c.must(201, nil, "POST", configMaps, m)
		c.must(404, nil, "GET", configMaps+"/a", nil)
	})
}

func TestANamespaceIsEmptiedAndEnds(t *testing.T) {
	inFakeTime(t, collecting, func(t *testing.T, srv *apitest.Server, c client) {
		held := configMap("held")
		held.Finalizers = []string{"example.com/hold"}
		c.must(201, nil, "POST", configMaps, held)
		put(t, srv, "a", "b")
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "default"}, Spec: corev1.PodSpec{NodeName: "n"}}
		if err := apitest.In(srv, resources.Pods).Put(pod); err != nil {
			t.Fatal(err)
		}
		c.must(200, nil, "DELETE", "/api/v1/namespaces/default", nil)
		if n := apitest.In(srv, resources.ConfigMaps).Len() + apitest.In(srv, resources.Pods).Len(); n != 1 {
			t.Fatalf("%d objects are left", n)
		}
		c.must(200, nil, "GET", "/api/v1/namespaces/default", nil)
		c.must(200, nil, "PATCH", configMaps+"/held", []byte(`{"metadata":{"finalizers":null}}`), "Content-Type", mergePatch)
		c.must(404, nil, "GET", "/api/v1/namespaces/default", nil)
	})
}
