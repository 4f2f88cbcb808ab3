package resource_test

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// A custom resource needs a Go struct and one line.
func ExampleDefine() {
	type Backup struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct{ Schedule string } `json:"spec"`
	}
	backups := resource.Define[*Backup]("example.com", "v1", "backups", "Backup", resource.Namespaced)

	b := backups.New()
	b.Name, b.Namespace = "nightly", "shop"
	fmt.Println(backups, b.APIVersion, b.Kind, resource.KeyOf(b))
	// Output: backups.example.com/v1 example.com/v1 Backup shop/nightly
}

// Built-in resources are ready in small packages.
func Example() {
	pods := corev1.Pods.Definition()
	fmt.Println(pods, pods.Scope(), pods.Verbs())
	for _, s := range pods.Subresources() {
		fmt.Print(s.Name, " ")
	}
	// Output:
	// pods/v1 namespaced get,list,watch,create,update,patch,delete,deletecollection
	// attach binding ephemeralcontainers eviction exec log portforward proxy resize status
}

// Objects of a cache are shared: change a copy.
func ExampleCopy() {
	cached := corev1.ConfigMaps.New()
	cached.Data = map[string]string{"color": "red"}

	mine := resource.Copy(cached)
	mine.Data["color"] = "blue"
	fmt.Println(cached.Data["color"], mine.Data["color"])
	// Output: red blue
}
