package groups_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	v1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/informers/groups"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func Example() {
	api := apitest.New(apitest.Options{CreateNamespaces: true})
	cart := &v1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "cart"}, Status: v1.DeploymentStatus{ReadyReplicas: 2}}
	if err := apitest.In(api, appsv1.Deployments).Put(cart); err != nil {
		panic(err)
	}
	server := httptest.NewServer(api)
	defer server.Close()

	// A program gets its configuration from clientcmd or rest.InClusterConfig.
	client, err := rest.NewClient(&rest.Config{Host: server.URL})
	if err != nil {
		panic(err)
	}
	defer client.CloseIdle()
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
