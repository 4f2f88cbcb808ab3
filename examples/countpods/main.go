// Countpods counts the pods of a cluster every two seconds, and looks for one by its name.
//
//	go run ./examples/countpods                                 # on an API server inside the process
//	go run ./examples/countpods -kubeconfig ~/.kube/config
//
// In a pod, without flags, it counts those of its own cluster, if its service account may list them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset"
	"github.com/sheaf-dev/sheaf/examples/internal/cast"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() { run.Main(count, run.Others{Meanwhile: cast.Pods}) }

func count(ctx context.Context, config *rest.Config, out io.Writer) error {
	cs, err := clientset.NewForConfig(config)
	if err != nil {
		return err
	}
	defer cs.RESTClient().CloseIdle()
	for {
		pods, err := cs.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return run.UnlessOver(ctx, err)
		}
		fmt.Fprintf(out, "%d pods in the cluster\n", len(pods.Items))

		pod, err := cs.CoreV1().Pods("default").Get(ctx, "web-0", metav1.GetOptions{})
		var status *apierrors.StatusError
		switch {
		case err == nil:
			fmt.Fprintf(out, "  default/web-0 is on node %q\n", pod.Spec.NodeName)
		case apierrors.IsNotFound(err):
			fmt.Fprintln(out, "  default/web-0 is not there")
		case errors.As(err, &status): // the server said no for another reason
			fmt.Fprintf(out, "  default/web-0: %s: %v\n", status.Status().Reason, err)
		default: // there was no answer
			return run.UnlessOver(ctx, err)
		}
		if !run.Pause(ctx, 2*time.Second) {
			return nil
		}
	}
}
