package rest_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// server is an API server with two pods.
func server() *httptest.Server {
	api := apitest.New(apitest.Options{CreateNamespaces: true})
	for _, name := range []string{"cart", "till"} {
		pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
		if err := apitest.In(api, corev1.Pods).Put(pod); err != nil {
			panic(err)
		}
	}
	return httptest.NewServer(api)
}

func Example() {
	s := server()
	defer s.Close()
	ctx := context.Background()

	client, err := rest.NewClient(&rest.Config{Host: s.URL, BearerToken: "…"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdle()

	// One resource, its list as a stream.
	pods := client.ForResource(corev1.Pods.Definition()).Namespace("shop")
	meta, err := pods.List(ctx, metav1.ListOptions{}, func(item rest.Item) error {
		fmt.Println("pod", item.Object.GetName())
		return nil
	})
	fmt.Println("as of a version:", meta.ResourceVersion != "", err)

	// Any path.
	var version struct{ GitVersion string }
	err = client.Get().AbsPath("version").Do(ctx).Into(&version)
	fmt.Println("has a version:", version.GitVersion != "", err)

	// Errors have the reason that the server gave.
	err = client.For(schema.GroupVersion{Version: "v1"}).Get().Resource("nodes").Name("n1").Do(ctx).Error()
	fmt.Println(err, apierrors.IsNotFound(err))

	// Output:
	// pod cart
	// pod till
	// as of a version: true <nil>
	// has a version: true <nil>
	// nodes "n1" not found true
}
