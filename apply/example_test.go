package apply_test

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
)

// Site is a custom resource whose author has left out omitempty.
type Site struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Replicas int32  `json:"replicas"`
		Public   bool   `json:"public"`
		Theme    string `json:"theme"`
	} `json:"spec"`
}

var Sites = resource.Define[*Site]("example.com", "v1", "sites", "Site", resource.Namespaced)

// Only what is set is sent; a zero that may be meant is an error until it is marked.
func Example() {
	site := Sites.New()
	site.Name = "blog"
	_, err := apply.Configuration(Sites.Definition(), site)
	fmt.Println(err)

	data, err := apply.Configuration(Sites.Definition(), site, apply.Zero(&site.Spec.Replicas), apply.Unset(&site.Spec.Public))
	fmt.Println(string(data), err)
	// Output:
	// "blog": spec.replicas, spec.public are zero, which may be meant or never have been given: say which with apply.Zero or apply.Unset
	// {"apiVersion":"example.com/v1","kind":"Site","metadata":{"name":"blog"},"spec":{"replicas":0}} <nil>
}

// A finalizer alone: the whole object is marked, and whatever is zero in it was never given.
func ExampleUnset() {
	site := Sites.New()
	site.Name, site.Finalizers = "blog", []string{"example.com/dns"}
	data, err := apply.Configuration(Sites.Definition(), site, apply.Unset(site))
	fmt.Println(string(data), err)
	// Output: {"apiVersion":"example.com/v1","kind":"Site","metadata":{"finalizers":["example.com/dns"],"name":"blog"}} <nil>
}

// A manager that wants to change one thing starts from what it has applied before.
func ExampleExtract() {
	live := appsv1.Deployments.New() // as a client or a cache returned it
	live.Name, live.Namespace = "web", "shop"
	live.Labels = map[string]string{"team": "a", "release": "7"}
	entry := metav1.ManagedFieldsEntry{Manager: "releases", Operation: "Apply", APIVersion: "apps/v1", FieldsV1: &metav1.FieldsV1{}}
	entry.FieldsV1.SetRawString(`{"f:metadata":{"f:labels":{"f:release":{}}}}`)
	live.ManagedFields = append(live.ManagedFields, entry)

	mine, zeros, err := apply.Extract(live, "releases", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	mine.Labels["release"] = "8"
	data, err := apply.Configuration(appsv1.Deployments.Definition(), mine, zeros)
	fmt.Println(string(data), err)
	// Output: {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"release":"8"},"name":"web","namespace":"shop"}} <nil>
}
