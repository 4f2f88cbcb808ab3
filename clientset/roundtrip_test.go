package clientset_test

import (
	"reflect"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset"
	"github.com/sheaf-dev/sheaf/resource"
	apiextensionsv1 "github.com/sheaf-dev/sheaf/resource/apiextensions/v1"
	apiregistrationv1 "github.com/sheaf-dev/sheaf/resource/apiregistration/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// caller calls a typed client's methods by name, whatever its type.
type caller struct {
	t      *testing.T
	path   string // "CoreV1.Pods"
	client reflect.Value
}

// call returns the method's object, if it has one, and its error.
func (c caller) call(method string, args ...any) (resource.Object, error) {
	c.t.Helper()
	in := []reflect.Value{reflect.ValueOf(c.t.Context())}
	for _, a := range args {
		in = append(in, reflect.ValueOf(a))
	}
	out := c.client.MethodByName(method).Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	if len(out) == 1 {
		return nil, err
	}
	o, _ := out[0].Interface().(resource.Object)
	return o, err
}

// object is call for a method that must return an object of the definition's kind.
func (c caller) object(def *resource.Definition, method string, args ...any) resource.Object {
	c.t.Helper()
	o, err := c.call(method, args...)
	if err != nil {
		c.t.Fatalf("%s.%s: %v", c.path, method, err)
	}
	if o.GetName() != "it" || o.GetObjectKind().GroupVersionKind() != def.GroupVersionKind() {
		c.t.Errorf("%s.%s returned %s %v", c.path, method, o.GetObjectKind().GroupVersionKind(), o.GetName())
	}
	return o
}

func TestEveryResourceIsWrittenReadAndDeletedInBothFormats(t *testing.T) {
	for _, format := range []string{rest.ContentTypeProtobuf, rest.ContentTypeJSON} {
		t.Run(strings.ReplaceAll(format, "/", "-"), func(t *testing.T) {
			server := apitest.New(apitest.Options{InMemory: true, CreateNamespaces: true, Resources: []apitest.Definer{apiregistrationv1.APIServices}}).Start(t)
			config := server.Config()
			config.ContentType = format
			cs, err := clientset.NewForConfig(config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(cs.RESTClient().CloseIdle)
			lives := 0
			for _, a := range accessors(cs) {
				client := a.call()
				if client.MethodByName("Definition").IsValid() {
					def := client.MethodByName("Definition").Call(nil)[0].Interface().(*resource.Definition)
					// The server wants whole definitions: apitest has tests of them.
					definition := def == apiextensionsv1.CustomResourceDefinitions.Definition()
					if !definition && def.Verbs().Has(resource.VerbCreate|resource.VerbGet|resource.VerbDelete) {
						lifeOf(caller{t, a.group + "." + a.plural, client}, def)
						lives++
					}
				}
			}
			if lives != 147 {
				t.Errorf("%d resources were tried, want 147", lives)
			}
		})
	}
}

// lifeOf creates, reads, updates, patches, lists and deletes one object.
func lifeOf(c caller, def *resource.Definition) {
	c.t.Helper()
	fresh := def.New()
	fresh.SetName("it")
	created := c.object(def, "Create", fresh, metav1.CreateOptions{})
	got := c.object(def, "Get", "it", metav1.GetOptions{})
	if got.GetUID() != created.GetUID() || got.GetResourceVersion() != created.GetResourceVersion() {
		c.t.Errorf("%s.Get returned %v, want %v", c.path, got, created)
	}
	got.SetLabels(map[string]string{"by": "update"})
	if updated := c.object(def, "Update", got, metav1.UpdateOptions{}); updated.GetLabels()["by"] != "update" {
		c.t.Errorf("%s.Update returned the labels %v", c.path, updated.GetLabels())
	}
	if _, has := def.Subresource("status"); has {
		c.object(def, "UpdateStatus", c.object(def, "Get", "it", metav1.GetOptions{}), metav1.UpdateOptions{})
	}
	patch := []byte(`{"metadata":{"labels":{"by":"patch"}}}`)
	c.object(def, "Patch", "it", types.MergePatchType, patch, metav1.PatchOptions{})

	out := c.client.MethodByName("List").Call([]reflect.Value{reflect.ValueOf(c.t.Context()), reflect.ValueOf(metav1.ListOptions{LabelSelector: "by=patch"})})
	if err, _ := out[1].Interface().(error); err != nil {
		c.t.Fatalf("%s.List: %v", c.path, err)
	}
	if items := out[0].Elem().FieldByName("Items"); items.Len() != 1 || items.Index(0).Interface().(resource.Object).GetUID() != created.GetUID() {
		c.t.Errorf("%s.List returned %v", c.path, items)
	}
	if _, err := c.call("Delete", "it", metav1.DeleteOptions{}); err != nil {
		c.t.Fatalf("%s.Delete: %v", c.path, err)
	}
	if _, err := c.call("Get", "it", metav1.GetOptions{}); !apierrors.IsNotFound(err) && def.GroupVersionKind().Kind != "Namespace" {
		c.t.Errorf("%s.Get of the deleted object: %v", c.path, err)
	}
}
