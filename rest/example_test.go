package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// server answers as an API server with two pods would.
func server() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api/v1/namespaces/shop/pods":
			fmt.Fprint(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"12"},"items":[
				{"metadata":{"namespace":"shop","name":"cart"}},{"metadata":{"namespace":"shop","name":"till"}}]}`)
		case "/version":
			fmt.Fprint(w, `{"gitVersion":"v1.36.3"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"it is not here"}`)
		}
	}))
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
	fmt.Println("as of", meta.ResourceVersion, err)

	// Any path.
	var version struct{ GitVersion string }
	err = client.Get().AbsPath("version").Do(ctx).Into(&version)
	fmt.Println("server", version.GitVersion, err)

	// Errors have the reason that the server gave.
	err = client.For(schema.GroupVersion{Version: "v1"}).Get().Resource("nodes").Name("n1").Do(ctx).Error()
	fmt.Println(err, apierrors.IsNotFound(err))

	// Output:
	// pod cart
	// pod till
	// as of 12 <nil>
	// server v1.36.3 <nil>
	// it is not here true
}
