package typed_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// A Widget is a custom resource: a Go struct, and a line that names it.
type Widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Weight int `json:"weight"`
	} `json:"spec"`
}

// Widgets is the resource.
var Widgets = resource.Define[*Widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, `{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"namespace":"shop","name":"anvil"},"spec":{"weight":50}}`)
	}))
	defer server.Close()
	client, err := rest.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdle()

	widgets := typed.For(client, Widgets).Namespace("shop")
	anvil, err := widgets.Get(context.Background(), "anvil", metav1.GetOptions{})
	fmt.Println(anvil.Name, anvil.Spec.Weight, err)

	_, err = widgets.UpdateStatus(context.Background(), anvil, metav1.UpdateOptions{})
	fmt.Println(err)

	// Output:
	// anvil 50 <nil>
	// update widgets.example.com/v1/status: the resource does not offer this; its subresources are: none
}
