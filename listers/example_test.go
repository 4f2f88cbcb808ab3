package listers_test

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/listers"
	"github.com/sheaf-dev/sheaf/resource"
)

var configMaps = resource.Define[*v1.ConfigMap]("", "v1", "configmaps", "ConfigMap", resource.Namespaced)

func ExampleLister() {
	writer, reader := store.New(store.Options{})
	o := configMaps.New()
	o.Namespace, o.Name, o.Labels = "default", "settings", map[string]string{"app": "shop"}
	writer.Apply([]store.Change{{Op: store.Set, Key: resource.KeyOf(o), Object: o}}, "1")

	lister := listers.New[*v1.ConfigMap](configMaps.Definition(), reader) // usually informer.Lister()
	for _, found := range lister.List(labels.SelectorFromSet(labels.Set{"app": "shop"})) {
		fmt.Println(found.Name)
	}
	_, err := lister.Namespace("default").Get("other")
	fmt.Println(err)
	// Output:
	// settings
	// configmaps "default/other" not found
}
