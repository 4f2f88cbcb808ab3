package scale_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/scale"
)

func ExampleOf() {
	server := httptest.NewServer(&replicas{n: 3})
	defer server.Close()
	client, err := rest.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdle()

	web, err := scale.Of(typed.For(client, appsv1.StatefulSets).Namespace("shop")).Get(context.Background(), "web", metav1.GetOptions{})
	fmt.Println(web.Kind, web.Spec.Replicas, err)
	// Output: Scale 3 <nil>
}
