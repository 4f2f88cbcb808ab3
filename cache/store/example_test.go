package store_test

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
)

func pod(name, app, node string) store.Change {
	o := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"app": app}},
		Spec:       corev1.PodSpec{NodeName: node},
	}
	return store.Change{Op: store.Set, Key: resource.KeyOf(o), Object: o}
}

// One writer applies batches; readers ask snapshots, which never change.
func Example() {
	byNode := func(o resource.Object) ([]string, error) { return []string{o.(*corev1.Pod).Spec.NodeName}, nil }
	writer, reader := store.New(store.Options{Indexers: map[string]store.IndexFunc{"node": byNode}})

	writer.Replace([]store.Change{pod("web-1", "web", "n1"), pod("web-2", "web", "n2"), pod("db-1", "db", "n1")}, "100")
	before := reader.Snapshot()
	for _, done := range writer.Apply([]store.Change{pod("web-3", "web", "n1"), {Op: store.Delete, Key: resource.Key{Namespace: "shop", Name: "web-1"}}}, "101") {
		fmt.Println(done.Key, "was there:", done.Old != nil, "is there:", done.New != nil)
	}

	web := labels.SelectorFromSet(labels.Set{"app": "web"})
	onNode, _ := reader.ByIndex("node", "n1")
	fmt.Println("now at", reader.ResourceVersion(), "with", len(reader.List(web, "shop")), "web pods, on n1:", len(onNode))
	_, there := before.Get(resource.Key{Namespace: "shop", Name: "web-1"})
	fmt.Println("before at", before.ResourceVersion(), "with web-1:", there)
	// Output:
	// shop/web-3 was there: false is there: true
	// shop/web-1 was there: true is there: false
	// now at 101 with 2 web pods, on n1: 2
	// before at 100 with web-1: true
}
