package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

var node = flag.String("node", "node-0", "the `name` of the node")

func main() { run.Main(keep, run.Others{Meanwhile: cast.Pods}) }

func keep(ctx context.Context, config *rest.Config, out io.Writer) error {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	pods := podsOf{client.ForResource(core.Pods.Definition()).MaxRetries(0), fields.OneTermEqualSelector("spec.nodeName", *node)}
	reflector.New(pods, newDesired(*node, out), reflector.Options{
		OnFailure: func(f *reflector.Failure) { fmt.Fprintf(out, "%v; once more in %v\n", f, f.RetryIn) },
	}).Run(ctx)
	return nil
}

// podsOf are the pods of one node as a collection: the pods that a field selector chooses. The reflector backs off by itself.
type podsOf struct {
	client   *rest.ResourceClient
	selector fields.Selector
}

func (p podsOf) List(ctx context.Context, opts metav1.ListOptions, yield func(rest.Item) error) (metav1.ListMeta, error) {
	opts.FieldSelector = p.selector.String()
	return p.client.List(ctx, opts, yield)
}

func (p podsOf) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	opts.FieldSelector = p.selector.String()
	watch, err := p.client.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return watch, nil
}
