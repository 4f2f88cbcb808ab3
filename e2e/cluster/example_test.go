package cluster_test

import (
	"context"
	"fmt"
	"log"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

func Example() {
	ctx := context.Background()
	c, err := cluster.Start(ctx, cluster.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Stop()

	// What a client needs are c.URL, c.CA and c.Token(cluster.Admin), or:
	kubeconfig := c.Kubeconfig(c.URL, cluster.Admin)
	fmt.Println("a kubeconfig:", len(kubeconfig) > 0)

	answer, err := c.Do(ctx, "POST", "/api/v1/namespaces", `{"metadata": {"name": "example"}}`)
	fmt.Println(answer.Code, err)
	err = c.Restart(ctx, cluster.Abruptly)
	fmt.Println("restarted:", err)
	answer, err = c.Do(ctx, "GET", "/api/v1/namespaces/example", "")
	fmt.Println(answer.Code, err)
	// Output:
	// a kubeconfig: true
	// 201 <nil>
	// restarted: <nil>
	// 200 <nil>
}
