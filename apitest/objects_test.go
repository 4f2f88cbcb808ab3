package apitest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

type widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Size int64 `json:"size"`
	} `json:"spec"`
	Status struct {
		Ready bool `json:"ready"`
	} `json:"status"`
}

var (
	widgets    = resource.Define[*widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)
	withWidget = apitest.Options{Resources: []apitest.Definer{widgets}}
)

const (
	widgetPath  = "/apis/example.com/v1/namespaces/default/widgets"
	deployments = "/apis/apps/v1/namespaces/default/deployments"
	mergePatch  = "application/merge-patch+json"
)

func TestTheStatusIsWrittenThroughItsSubresourceOnly(t *testing.T) {
	inFakeTime(t, withWidget, func(t *testing.T, _ *apitest.Server, c client) {
		c.must(201, nil, "POST", deployments, map[string]any{"metadata": map[string]any{"name": "d"}, "status": map[string]any{"replicas": 3}})
		c.must(201, nil, "POST", widgetPath, map[string]any{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": "d"}, "status": map[string]any{"replicas": 3}})
		for _, path := range []string{deployments + "/d", widgetPath + "/d"} {
			patch := func(path, body string) (d appsv1.Deployment) {
				c.must(200, &d, "PATCH", path, []byte(body), "Content-Type", mergePatch)
				return d
			}
			d := patch(path, `{"spec":{"replicas":2},"status":{"replicas":4}}`)
			if d.Status.Replicas != 0 || *d.Spec.Replicas != 2 || d.Generation != 2 {
				t.Fatalf("%s: %+v", path, d)
			}
			d = patch(path+"/status", `{"spec":{"replicas":9},"status":{"replicas":4},"metadata":{"labels":{"a":"b"}}}`)
			if d.Status.Replicas != 4 || *d.Spec.Replicas != 2 || d.Generation != 2 || d.Labels != nil {
				t.Fatalf("%s: %+v", path, d)
			}
		}
	})
}

func TestAnUpdateWithoutADifferenceChangesNothing(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		before := srv.ResourceVersion()
		var m corev1.ConfigMap
		c.must(200, &m, "GET", configMaps+"/a", nil)
		c.must(200, nil, "PUT", configMaps+"/a", m)
		c.must(200, nil, "PATCH", configMaps+"/a", []byte(`{}`), "Content-Type", mergePatch)
		if srv.ResourceVersion() != before {
			t.Fatal(srv.ResourceVersion(), before)
		}
	})
}

func TestCustomObjectsMustNameTheVersionTheyReplace(t *testing.T) {
	inFakeTime(t, withWidget, func(t *testing.T, srv *apitest.Server, c client) {
		w := widgets.New()
		w.Name, w.Namespace, w.Spec.Size = "w", "default", 1<<60+1
		if err := apitest.In(srv, widgets).Put(w); err != nil {
			t.Fatal(err)
		}
		c.must(422, nil, "PUT", widgetPath+"/w", w)
		got, err := apitest.In(srv, widgets).Get(key("w"))
		if err != nil || got.Spec.Size != 1<<60+1 {
			t.Fatal(got, err)
		}
		got.ResourceVersion = "1"
		c.must(409, nil, "PUT", widgetPath+"/w", got)
		put(t, srv, "w")
		c.must(200, nil, "PUT", configMaps+"/w", configMap("w", "k", "v")) // unconditional, as built-in types allow
	})
}

func TestADeletedObjectWaitsForItsFinalizers(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		m := configMap("a")
		m.Finalizers = []string{"example.com/hold"}
		c.must(201, nil, "POST", configMaps, m)
		c.must(200, m, "DELETE", configMaps+"/a", nil)
		if m.DeletionTimestamp == nil || *m.DeletionGracePeriodSeconds != 0 {
			t.Fatalf("%+v", m)
		}
		c.must(422, nil, "PATCH", configMaps+"/a", []byte(`{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}`), "Content-Type", mergePatch)
		w := c.watch(configMaps + "?watch=1")
		c.must(200, nil, "PATCH", configMaps+"/a", []byte(`{"metadata":{"finalizers":null}}`), "Content-Type", mergePatch)
		w.want("ADDED a", "DELETED a")
		c.must(404, nil, "GET", configMaps+"/a", nil)
	})
}

func TestARunningPodIsDeletedWithGrace(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		const pods = "/api/v1/namespaces/default/pods"
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "default"}, Spec: corev1.PodSpec{NodeName: "n"}}
		if err := apitest.In(srv, resources.Pods).Put(pod); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		c.must(200, pod, "DELETE", pods+"/p", nil)
		if !pod.DeletionTimestamp.Time.Equal(now.Add(30*time.Second)) || *pod.DeletionGracePeriodSeconds != 30 || pod.Generation != 2 {
			t.Fatalf("%+v", pod.ObjectMeta)
		}
		c.must(200, pod, "DELETE", pods+"/p?gracePeriodSeconds=10", nil)
		if !pod.DeletionTimestamp.Time.Equal(now.Add(10 * time.Second)) {
			t.Fatalf("%+v", pod.ObjectMeta)
		}
		c.must(200, nil, "DELETE", pods+"/p", map[string]any{"gracePeriodSeconds": 0})
		c.must(404, nil, "GET", pods+"/p", nil)
	})
}

func TestDeletePreconditionsAreChecked(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		for _, p := range []string{`{"uid":"other"}`, `{"resourceVersion":"1"}`} {
			c.must(409, nil, "DELETE", configMaps+"/a", []byte(`{"preconditions":`+p+`}`))
		}
		c.must(200, nil, "DELETE", configMaps+"/a", []byte(`{"preconditions":{"resourceVersion":"`+srv.ResourceVersion()+`"}}`))
	})
}

func TestACollectionIsDeletedBySelector(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b", "c")
		c.must(200, nil, "DELETE", configMaps+"?fieldSelector=metadata.name!%3Db", nil)
		var names []string
		for m := range apitest.In(srv, resources.ConfigMaps).All() {
			names = append(names, m.Name)
		}
		if !slices.Equal(names, []string{"b"}) {
			t.Fatal(names)
		}
	})
}

func TestNamesAreGenerated(t *testing.T) {
	inFakeTime(t, apitest.Options{Seed: 7}, func(t *testing.T, _ *apitest.Server, c client) {
		m := configMap("")
		m.GenerateName = "gen-"
		c.must(201, m, "POST", configMaps, m)
		if !strings.HasPrefix(m.Name, "gen-") || len(m.Name) != 9 {
			t.Fatal(m.Name)
		}
		c.must(422, nil, "POST", configMaps, configMap(""))
		c.must(422, nil, "POST", configMaps, configMap("Not a name"))
	})
}

func TestANamespaceMustExistUnlessItIsMade(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		c.must(404, nil, "POST", "/api/v1/namespaces/none/configmaps", configMap("a"))
		c.must(200, nil, "GET", "/api/v1/namespaces/none/configmaps", nil)
		c.must(400, nil, "POST", configMaps, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "other"}})
		c.must(200, nil, "DELETE", "/api/v1/namespaces/default", nil)
		var status metav1.Status
		c.must(403, &status, "POST", configMaps, configMap("a"))
		if status.Details.Causes[0].Type != corev1.NamespaceTerminatingCause {
			t.Fatal(status)
		}
	})
	inFakeTime(t, apitest.Options{CreateNamespaces: true}, func(t *testing.T, _ *apitest.Server, c client) {
		c.must(201, nil, "POST", "/api/v1/namespaces/none/configmaps", configMap("a"))
		c.must(200, nil, "GET", "/api/v1/namespaces/none", nil)
	})
}

func TestPatchesOfEachKind(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		pod := map[string]any{"metadata": map[string]any{"name": "p"}, "spec": map[string]any{"containers": []any{
			map[string]any{"name": "a", "image": "1"}, map[string]any{"name": "b", "image": "1"}}}}
		const path = "/api/v1/namespaces/default/pods"
		c.must(201, nil, "POST", path, pod)
		var p corev1.Pod
		c.must(200, &p, "PATCH", path+"/p", []byte(`{"spec":{"containers":[{"name":"b","image":"2"}]}}`), "Content-Type", "application/strategic-merge-patch+json")
		if len(p.Spec.Containers) != 2 || p.Spec.Containers[1].Image+p.Spec.Containers[0].Image != "21" {
			t.Fatal(p.Spec.Containers)
		}
		c.must(200, &p, "PATCH", path+"/p", []byte(`[{"op":"test","path":"/spec/containers/0/name","value":"a"},{"op":"remove","path":"/spec/containers/0"}]`),
			"Content-Type", "application/json-patch+json")
		if len(p.Spec.Containers) != 1 {
			t.Fatal(p.Spec.Containers)
		}
		c.must(422, nil, "PATCH", path+"/p", []byte(`[{"op":"test","path":"/spec/containers/0/name","value":"z"}]`), "Content-Type", "application/json-patch+json")
		c.must(409, nil, "PATCH", path+"/p", []byte(`{"metadata":{"resourceVersion":"1"}}`), "Content-Type", mergePatch)
		c.must(404, nil, "PATCH", path+"/q", []byte(`{}`), "Content-Type", mergePatch)
	})
}

func TestObjectsAreReachedDirectly(t *testing.T) {
	srv := apitest.New(withWidget)
	all := apitest.In(srv, widgets)
	w := widgets.New()
	w.Name, w.Namespace, w.Status.Ready = "w", "new", true
	if err := all.Put(w); err != nil {
		t.Fatal(err)
	}
	k := resource.KeyOf(w)
	if err := all.Modify(k, func(w *widget) { w.Spec.Size++ }); err != nil {
		t.Fatal(err)
	}
	got, err := all.Get(k)
	if err != nil || got.Spec.Size != 1 || !got.Status.Ready || got.UID == "" || w.UID != "" || all.Len() != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	if err := all.Remove(k); err != nil {
		t.Fatal(err)
	}
	if _, err := all.Get(k); !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

func TestADryRunStoresNothing(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		before := srv.ResourceVersion()
		c.must(201, nil, "POST", configMaps+"?dryRun=All", configMap("b"))
		c.must(200, nil, "PUT", configMaps+"/a?dryRun=All", configMap("a", "k", "v"))
		c.must(200, nil, "DELETE", configMaps+"/a?dryRun=All", nil)
		c.must(422, nil, "POST", configMaps+"?dryRun=Some", configMap("b"))
		if srv.ResourceVersion() != before {
			t.Fatal(srv.ResourceVersion())
		}
	})
}

func TestUnknownFieldsAreIgnoredReportedOrRefused(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		body := []byte(`{"metadata":{"name":"a"},"dataa":{}}`)
		resp := c.open("POST", configMaps+"?dryRun=All", body)
		_ = resp.Body.Close()
		if got := resp.Header.Get("Warning"); got != `299 - "unknown field \"dataa\""` {
			t.Fatal(got)
		}
		c.must(400, nil, "POST", configMaps+"?fieldValidation=Strict", body)
		c.must(422, nil, "POST", configMaps+"?fieldValidation=Maybe", body)
		c.must(201, nil, "POST", configMaps+"?fieldValidation=Ignore", body)
	})
}
