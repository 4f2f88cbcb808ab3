package shard

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// namespaces are read for their names alone.
var namespaces = resource.Define[*metav1.PartialObjectMetadata]("", "v1", "namespaces", "Namespace", resource.Cluster)

// Namespaces is an Options.Sample for ByNamespace: the names of the namespaces that there are. The server's hash puts names that
// differ in their last two characters only, such as tenant-01 to tenant-99, so close together that ranges of one size would have them all in one
// shard.
func Namespaces(client *rest.Client) func(ctx context.Context) ([]string, error) {
	return func(ctx context.Context) (names []string, err error) {
		opts := metav1.ListOptions{Limit: 500}
		for {
			meta, err := client.ForResource(namespaces.Definition()).List(ctx, opts, func(item rest.Item) error {
				if item.Err != nil {
					return item.Err
				}
				names = append(names, item.Object.GetName())
				return nil
			})
			if err != nil {
				return nil, err
			}
			if opts.Continue = meta.Continue; opts.Continue == "" {
				return names, nil
			}
		}
	}
}
