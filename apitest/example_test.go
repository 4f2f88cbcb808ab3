package apitest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing/fstest"
	"time"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// serve runs a server for the length of an example; tests call Start.
func serve(options apitest.Options) (srv *apitest.Server, client *http.Client, stop func()) {
	options.InMemory = true
	srv = apitest.New(options)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- srv.Run(ctx) }()
	client = srv.HTTPClient()
	return srv, client, func() {
		client.CloseIdleConnections()
		cancel()
		<-done
	}
}

// The server is reached by HTTP, and its objects also directly.
func ExampleServer() {
	srv, client, stop := serve(apitest.Options{})
	defer stop()
	resp, err := client.Post(srv.URL()+"/api/v1/namespaces/default/configmaps", "application/json",
		strings.NewReader(`{"metadata":{"name":"settings"},"data":{"color":"blue"}}`))
	if err != nil {
		panic(err)
	}
	_ = resp.Body.Close()
	settings, err := apitest.In(srv, core.ConfigMaps).Get(resource.Key{Namespace: "default", Name: "settings"})
	if err != nil {
		panic(err)
	}
	fmt.Println(resp.Status, settings.Data["color"])
	for _, r := range srv.Requests(apitest.Match{Verb: "create"}) {
		fmt.Println(r.Verb, r.Resource.Resource, r.Code)
	}
	// Output:
	// 201 Created blue
	// create configmaps 201
}

// Manifests fill a server.
func ExampleServer_Load() {
	srv := apitest.New(apitest.Options{})
	err := srv.Load(fstest.MapFS{"pods.yaml": {Data: []byte(`
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {nodeName: node-1}
status: {phase: Running}
`)}})
	if err != nil {
		panic(err)
	}
	for pod := range apitest.In(srv, core.Pods).All() {
		fmt.Println(pod.Namespace, pod.Name, pod.Status.Phase)
	}
	// Output:
	// shop web Running
}

// A fault hits the requests that it matches, so many times.
func ExampleServer_Inject() {
	srv, client, stop := serve(apitest.Options{})
	defer stop()
	overload := srv.Inject(apitest.Fault{
		On: apitest.Match{Verb: "list", Resource: "pods"}, Times: 1,
		Do: apitest.TooManyRequests(3 * time.Second),
	})
	for range 2 {
		resp, err := client.Get(srv.URL() + "/api/v1/pods")
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		fmt.Printf("%s %q\n", resp.Status, resp.Header.Get("Retry-After"))
	}
	fmt.Println("hits:", overload.Hits())
	// Output:
	// 429 Too Many Requests "3"
	// 200 OK ""
	// hits: 1
}
