package typed_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// A Widget is a custom resource: a Go struct, and a line that names it.
type Widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              WidgetSpec `json:"spec"`
}

// WidgetSpec says what a Widget shall be.
type WidgetSpec struct {
	Weight int `json:"weight"`
}

// Widgets is the resource.
var Widgets = resource.Define[*Widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)

func Example() {
	api := apitest.New(apitest.Options{Resources: []apitest.Definer{Widgets}, CreateNamespaces: true})
	server := httptest.NewServer(api)
	defer server.Close()
	client, err := rest.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdle()

	widgets := typed.For(client, Widgets).Namespace("shop")
	anvil := &Widget{ObjectMeta: metav1.ObjectMeta{Name: "anvil"}, Spec: WidgetSpec{Weight: 50}}
	_, err = widgets.Create(context.Background(), anvil, metav1.CreateOptions{})
	fmt.Println(err)

	anvil, err = widgets.Get(context.Background(), "anvil", metav1.GetOptions{})
	fmt.Println(anvil.Name, anvil.Spec.Weight, err)

	_, err = widgets.UpdateStatus(context.Background(), anvil, metav1.UpdateOptions{})
	fmt.Println(err)

	// Output:
	// <nil>
	// anvil 50 <nil>
	// update widgets.example.com/v1/status: the resource does not offer this; its subresources are: none
}
