// Discover prints what a server has: each resource in its preferred version, with its names, scope and verbs. It asks through a cache on disk,
// once more through a second one that finds the first one's file, and says how many requests each took.
//
//	go run ./examples/discover                                 # on an API server inside the process
//	go run ./examples/discover -kubeconfig ~/.kube/config
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"text/tabwriter"

	"github.com/sheaf-dev/sheaf/discovery"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() { run.Main(discover, run.Others{}) }

func discover(ctx context.Context, config *rest.Config, out io.Writer) error {
	var requests atomic.Int64
	config = config.Copy()
	config.Hooks.Request = func(context.Context, rest.RequestInfo) { requests.Add(1) }
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	dir, err := os.MkdirTemp("", "discover")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	cache := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{Dir: dir})
	catalog, err := cache.Catalog(ctx)
	if err != nil {
		return err
	}
	show(catalog, out)
	fmt.Fprintf(out, "asked the server with %d requests\n", requests.Swap(0))

	next := discovery.NewCache(discovery.New(client, discovery.Options{}), discovery.CacheOptions{Dir: dir})
	if _, err := next.Catalog(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "the next program finds it on disk, with %d requests\n", requests.Swap(0))

	mapper := discovery.NewMapper(next, discovery.MapperOptions{})
	for _, text := range []string{"deploy", "po", "events.events.k8s.io", "hpa.v1.autoscaling", "gadget"} {
		found, err := mapper.Lookup(ctx, text)
		if err != nil {
			fmt.Fprintln(out, err)
			continue
		}
		fmt.Fprintf(out, "%s means %s of %s\n", text, found.Resource.Resource, found.Resource.GroupVersion())
	}
	return nil
}

func show(catalog *discovery.Catalog, out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "GROUP\tVERSION\tRESOURCE\tSHORT NAMES\tSCOPE\tVERBS")
	for r := range catalog.Resources(discovery.Preferred) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Resource.Group, r.Resource.Version, r.Resource.Resource,
			strings.Join(r.ShortNames, ","), r.Scope, strings.Join(r.Verbs, ","))
	}
	_ = table.Flush()
	if err := catalog.Err(); err != nil {
		fmt.Fprintln(out, "not complete:", err)
	}
}
