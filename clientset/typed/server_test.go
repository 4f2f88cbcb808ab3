package typed_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	coreapi "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// configMaps starts a server in memory, and returns a client for the config maps of a namespace.
func configMaps(t *testing.T, options apitest.Options) typed.Client[*coreapi.ConfigMap] {
	t.Helper()
	options.InMemory, options.CreateNamespaces = true, true
	server := apitest.New(options).Start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return typed.For(client, corev1.ConfigMaps).Namespace("shop")
}

func configMap(name string) *coreapi.ConfigMap {
	return &coreapi.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kind": name[:1]}}, Data: map[string]string{"k": "v"}}
}

func TestAnObjectLivesThroughAllVerbs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx := configMaps(t, apitest.Options{}), t.Context()
		created, err := c.Create(ctx, configMap("a"), metav1.CreateOptions{})
		if err != nil || created.UID == "" || created.Namespace != "shop" || created.Kind != "ConfigMap" {
			t.Fatalf("got %+v, %v", created, err)
		}
		if _, err := c.Create(ctx, configMap("a"), metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
			t.Errorf("a second creation: %v", err)
		}
		stale := created.DeepCopy()
		created.Data["k"] = "w"
		updated, err := c.Update(ctx, created, metav1.UpdateOptions{})
		if err != nil || updated.Data["k"] != "w" || updated.ResourceVersion == stale.ResourceVersion {
			t.Errorf("got %+v, %v", updated, err)
		}
		if _, err := c.Update(ctx, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			t.Errorf("an update of an old version: %v", err)
		}
		patched, err := c.Patch(ctx, "a", types.MergePatchType, []byte(`{"data":{"k":null,"n":"1"}}`), metav1.PatchOptions{})
		if err != nil || len(patched.Data) != 1 || patched.Data["n"] != "1" {
			t.Errorf("got %+v, %v", patched, err)
		}
		if _, err := c.Create(ctx, configMap("dry"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
			t.Errorf("a dry run: %v", err)
		}
		if _, err := c.Get(ctx, "dry", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("a dry run created something: %v", err)
		}
		wrong := types.UID("another")
		if err := c.Delete(ctx, "a", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &wrong}}); !apierrors.IsConflict(err) {
			t.Errorf("a deletion of another object of the name: %v", err)
		}
		if err := c.Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		if err := c.Delete(ctx, "a", metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("a second deletion: %v", err)
		}
	})
}

func TestAllObjectsComePageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx := configMaps(t, apitest.Options{}), t.Context()
		for i := range 7 {
			if _, err := c.Create(ctx, configMap(fmt.Sprintf("%c%d", 'a'+i%2, i)), metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		for o, err := range c.All(ctx, metav1.ListOptions{Limit: 2}) {
			if err != nil {
				t.Error(err)
			}
			names = append(names, o.Name)
		}
		if got := strings.Join(names, ","); got != "a0,a2,a4,a6,b1,b3,b5" {
			t.Errorf("got %s", got)
		}
		names = nil
		for o, err := range c.Namespace("").All(ctx, metav1.ListOptions{LabelSelector: "kind=b"}) {
			if names = append(names, o.Name); err != nil || len(names) == 2 {
				break
			}
		}
		if got := strings.Join(names, ","); got != "b1,b3" {
			t.Errorf("got %s", got)
		}
		page, err := c.List(ctx, metav1.ListOptions{Limit: 3})
		if err != nil || len(page.Items) != 3 || page.Continue == "" {
			t.Errorf("got %+v, %v", page, err)
		}
		if err := c.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "kind=a"}); err != nil {
			t.Error(err)
		}
		left, err := c.List(ctx, metav1.ListOptions{})
		if err != nil || len(left.Items) != 3 {
			t.Errorf("got %d, %v", len(left.Items), err)
		}
	})
}

func TestWhatIsDeletedAfterAListIsSeenByAWatchFromIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx := configMaps(t, apitest.Options{}), t.Context()
		for _, name := range []string{"a", "b"} {
			if _, err := c.Create(ctx, configMap(name), metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := c.List(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		w, err := c.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, AllowWatchBookmarks: true})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		e, err := w.Next()
		if err != nil || e.Type != watch.Deleted || e.Object.Name != "a" || e.Object.Data["k"] != "v" {
			t.Errorf("got %+v, %v", e, err)
		}
		if e, err = w.Next(); err != nil || e.Type != watch.Bookmark || e.Object != nil {
			t.Errorf("got %+v, %v", e, err)
		}
		first, err := c.Watch(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer first.Close()
		if e, err := first.Next(); err != nil || e.Type != watch.Added || e.Object.Name != "b" {
			t.Errorf("a watch from nowhere starts with what is there: %+v, %v", e, err)
		}
	})
}

// From nowhere and from "0" a watch begins with what is there, from a version with what came after it.
func TestAWatchStartsWhereItIsToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx := configMaps(t, apitest.Options{}), t.Context()
		var first *coreapi.ConfigMap
		for _, name := range []string{"a", "b", "c"} {
			made, err := c.Create(ctx, configMap(name), metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = made
			}
		}
		for version, want := range map[string]string{"": "a b c", "0": "a b c", first.ResourceVersion: "b c"} {
			w, err := c.Watch(ctx, metav1.ListOptions{ResourceVersion: version})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for range strings.Fields(want) {
				e, err := w.Next()
				if err != nil || e.Type != watch.Added {
					t.Fatalf("%q: got %+v, %v", version, e, err)
				}
				names = append(names, e.Object.Name)
			}
			if slices.Sort(names); strings.Join(names, " ") != want {
				t.Errorf("%q: got %q, want %s", version, names, want)
			}
			w.Close()
		}
	})
}

func TestAWatchFromTooLongAgoIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ctx := configMaps(t, apitest.Options{History: 3}), t.Context()
		for i := range 20 {
			if _, err := c.Create(ctx, configMap(fmt.Sprint("a", i)), metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		w, err := c.Watch(ctx, metav1.ListOptions{ResourceVersion: "1"})
		if err == nil {
			defer w.Close()
			var e typed.Event[*coreapi.ConfigMap]
			if e, err = w.Next(); err == nil {
				err = e.Err
			}
		}
		if !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			t.Errorf("got %v", err)
		}
		status := new(apierrors.StatusError)
		if !errors.As(err, &status) || status.ErrStatus.Code != 410 {
			t.Errorf("got %#v", err)
		}
	})
}
