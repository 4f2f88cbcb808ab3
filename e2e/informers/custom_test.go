package informers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/listers"
	"github.com/sheaf-dev/sheaf/resource"
	apiextensionsv1 "github.com/sheaf-dev/sheaf/resource/apiextensions/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// gadget has a size that is a number; loose is the same resource for somebody who writes anything there.
type gadget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Size int `json:"size"`
}

type loose struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Size string `json:"size"`
}

var (
	gadgets      = resource.Define[*gadget]("informers.example.com", "v1", "gadgets", "Gadget", resource.Namespaced)
	looseGadgets = resource.Define[*loose]("informers.example.com", "v1", "gadgets", "Gadget", resource.Namespaced)
)

// define makes the definition of gadgets.
func define(t *testing.T, client *rest.Client) {
	t.Helper()
	d := apiextensionsv1.CustomResourceDefinitions.New()
	d.Name = "gadgets.informers.example.com"
	d.Spec.Group, d.Spec.Scope = "informers.example.com", "Namespaced"
	d.Spec.Names = apiextensionsv1.Names{Plural: "gadgets", Singular: "gadget", Kind: "Gadget", ListKind: "GadgetList"}
	schema := &runtime.RawExtension{Raw: []byte(`{"type":"object","x-kubernetes-preserve-unknown-fields":true}`)}
	d.Spec.Versions = []apiextensionsv1.Version{{Name: "v1", Served: true, Storage: true, Schema: &apiextensionsv1.Validation{OpenAPIV3Schema: schema}}}
	if _, err := typed.For(client, apiextensionsv1.CustomResourceDefinitions).Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// undefine deletes it, and with it all gadgets, and waits until it is gone.
func undefine(t *testing.T, client *rest.Client) {
	t.Helper()
	definitions, name := typed.For(client, apiextensionsv1.CustomResourceDefinitions), "gadgets.informers.example.com"
	if err := definitions.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	cluster.Eventually(t, within, "the definition is gone", func() error {
		if _, err := definitions.Get(t.Context(), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("reading it: %w", err)
		}
		return nil
	})
}

// mustMake creates an object as soon as the server serves its resource.
func mustMake[T resource.Object](t *testing.T, client typed.Client[T], o T) (made T) {
	t.Helper()
	cluster.Eventually(t, within, "the server takes "+o.GetName(), func() (err error) {
		made, err = client.Create(t.Context(), o, metav1.CreateOptions{})
		return err
	})
	return made
}

func newGadget(name string, size int) *gadget {
	return &gadget{ObjectMeta: metav1.ObjectMeta{Name: name}, Size: size}
}

// follow runs an informer of gadgets until the test ends, with a handler that writes into a log.
func follow(t *testing.T, client *rest.Client) (informers.Informer[*gadget], *log) {
	t.Helper()
	often := func(int) time.Duration { return 100 * time.Millisecond }
	factory := informers.NewSharedInformerFactory(client, informers.Options{Cache: cache.Options{Reflector: reflector.Options{Backoff: often}}})
	i, seen := informers.For(factory, gadgets), newLog()
	if _, err := i.AddEventHandler(informers.ResourceEventHandlerFuncs[*gadget]{
		AddFunc:    func(g *gadget, _ bool) { seen.add("add %s %d", g.Name, g.Size) },
		UpdateFunc: func(_, g *gadget, _ bool) { seen.add("update %s %d", g.Name, g.Size) },
		DeleteFunc: func(g *gadget, _ bool) { seen.add("delete %s %d", g.Name, g.Size) },
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		factory.Shutdown()
	})
	factory.Start(ctx)
	synced, stop := context.WithTimeout(t.Context(), within)
	defer stop()
	if err := factory.WaitForCacheSync(synced); err != nil {
		t.Fatal(err)
	}
	return i, seen
}

func TestAnObjectThatDoesNotDecodeIsQuarantinedAloneUntilItIsMended(t *testing.T) {
	client, _ := connect(t, server)
	ns := namespace(t, client)
	define(t, client)
	defer undefine(t, client)
	good, bad := typed.For(client, gadgets).Namespace(ns), typed.For(client, looseGadgets).Namespace(ns)
	mustMake(t, good, newGadget("first", 1))
	listed := mustMake(t, bad, &loose{ObjectMeta: metav1.ObjectMeta{Name: "listed"}, Size: "large"})
	i, seen := follow(t, client)
	mustMake(t, bad, &loose{ObjectMeta: metav1.ObjectMeta{Name: "watched"}, Size: "huge"})
	mustMake(t, good, newGadget("last", 2))
	seen.wait(t, "the last object", func(lines []string) bool { return len(about(lines, "last")) == 1 })
	if s := i.Status(); s.QuarantinedCount != 2 || s.Quarantined[0].Key != resource.KeyOf(listed) || s.Objects != 2 {
		t.Errorf("the status says %+v", s)
	}
	var stale *listers.StaleError
	if _, err := i.Lister().Get(resource.KeyOf(listed)); !errors.As(err, &stale) {
		t.Errorf("the lister says %v", err)
	}
	for _, name := range []string{"listed", "watched"} {
		if _, err := good.Patch(t.Context(), name, "application/merge-patch+json", []byte(`{"size":3}`), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		seen.wait(t, name, func(lines []string) bool { return slices.Contains(lines, "add "+name+" 3") })
	}
	if s := i.Status(); s.QuarantinedCount != 0 {
		t.Errorf("in the end %s", s)
	}
}

func TestAnInformerWaitsForADefinitionThatIsDeletedAndStartsAgainWhenItReturns(t *testing.T) {
	client, _ := connect(t, server)
	ns := namespace(t, client)
	define(t, client)
	own := typed.For(client, gadgets).Namespace(ns)
	mustMake(t, own, newGadget("first", 1))
	i, seen := follow(t, client)
	undefine(t, client)
	cluster.Eventually(t, within, "the definition is missed", func() error {
		if s := i.Status().String(); !strings.Contains(s, "resource missing for ") {
			return errors.New(s)
		}
		return nil
	})
	define(t, client)
	defer undefine(t, client)
	second := mustMake(t, own, newGadget("second", 2))
	lines := seen.wait(t, "an object of the new definition", func(lines []string) bool { return len(about(lines, "second")) == 1 })
	mustSee(t, lines, "first", "add first 1", "delete first 1")
	mustSee(t, lines, "second", "add second 2")
	if now, err := i.Lister().Get(resource.KeyOf(second)); err != nil || now.UID != second.UID || i.Status().Objects != 1 {
		t.Errorf("the cache has %v, %v", now, err)
	}
}
