package subresource

import (
	"context"
	"io"
	"net/http"

	api "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
)

// Logs returns what a container of the named pod has written, and with opts.Follow goes on until the container ends, the server ends the
// stream, or ctx ends. The caller must close it. Nil options mean all that there is of the pod's only container.
//
// The end of the stream is io.EOF however it came about: a server that is shut down looks like a container that has ended.
func Logs(ctx context.Context, pods typed.Client[*api.Pod], name string, opts *api.PodLogOptions) (io.ReadCloser, error) {
	request := pods.ResourceClient().Request(http.MethodGet, name, "log")
	if opts != nil {
		request.VersionedParams(opts)
	}
	return request.Stream(ctx)
}
