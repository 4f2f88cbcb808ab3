package groups_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/informers/groups"
	"github.com/sheaf-dev/sheaf/rest"
)

func Example() {
	// A program gets its configuration from clientcmd or rest.InClusterConfig.
	client, err := rest.NewClient(&rest.Config{Host: "http://server.example", Transport: deployments{}})
	if err != nil {
		panic(err)
	}
	factory := groups.NewSharedInformerFactory(client, informers.Options{})
	lister := factory.Apps().V1().Deployments().Lister()

	ctx := context.Background()
	factory.Start(ctx)
	defer factory.Shutdown()
	if err := factory.WaitForCacheSync(ctx); err != nil {
		panic(err)
	}
	for _, deployment := range lister.Namespace("shop").List(labels.Everything()) {
		fmt.Println(deployment.Name, deployment.Status.ReadyReplicas)
	}
	// Output:
	// cart 2
}

// deployments stands in for a server with one deployment, on which nothing happens. It is so old that it only lists.
type deployments struct{}

func (deployments) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	switch {
	case query.Get("sendInitialEvents") != "":
		return answer(http.StatusBadRequest, strings.NewReader(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"BadRequest","code":400}`)), nil
	case query.Get("watch") != "":
		stream, end := io.Pipe()
		context.AfterFunc(r.Context(), func() { end.CloseWithError(r.Context().Err()) })
		return answer(http.StatusOK, stream), nil
	}
	return answer(http.StatusOK, strings.NewReader(`{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"7"},"items":[
		{"metadata":{"namespace":"shop","name":"cart","uid":"u","resourceVersion":"5"},"status":{"readyReplicas":2}}]}`)), nil
}

func answer(code int, body io.Reader) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(body)}
}
