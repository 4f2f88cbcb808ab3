// Production is a controller as it should run in a cluster: several replicas of which one works and the others stay warm, with
// metrics, health checks and a clean stop: see operate.go, which README.md shows.
//
//	go run ./examples/production                             # on an API server inside the process
//	go run ./examples/production -kubeconfig ~/.kube/config  # start it twice, and end the first
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

var listen = flag.String("listen", "127.0.0.1:0", "the `address` for /metrics, /healthz and /readyz")

func main() { run.Main(serve, run.Others{Meanwhile: cast.Pods}) }

func serve(ctx context.Context, config *rest.Config, out io.Writer) error {
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "metrics on http://%s/metrics\n", listener.Addr())
	return until(ctx, operate(ctx, config, prometheus.NewRegistry(), listener, watcher(out)))
}

// until returns the error of what ran until ctx ended, whose end is none.
func until(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// watcher builds a controller that says what it sees.
func watcher(out io.Writer) build {
	return func(factory *informers.SharedInformerFactory) *controller.Controller[resource.Key] {
		pods := informers.For(factory, corev1.Pods)
		return controller.New("pods", func(_ context.Context, key resource.Key) (controller.Result, error) {
			pod, err := pods.Lister().Get(key)
			switch {
			case apierrors.IsNotFound(err):
				fmt.Fprintln(out, key, "is gone")
			case err != nil:
				return controller.Result{}, err
			default:
				fmt.Fprintln(out, key, "is", pod.Status.Phase)
			}
			return controller.Result{}, nil
		}, controller.Options{Workers: 4, Timeout: time.Minute}, controller.For(pods))
	}
}
