package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/rest"
)

type options struct {
	kubeconfig, context, namespace string
	deployments, pods, churn       int
	workers                        int
	duration                       time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, parse())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func parse() options {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "work against the cluster of this kubeconfig `file` instead of the embedded server")
	flag.StringVar(&o.context, "context", "", "use this `context` of the kubeconfig (default: its current one)")
	flag.StringVar(&o.namespace, "namespace", "", "stay in this `namespace` (default: all)")
	flag.IntVar(&o.deployments, "deployments", 100, "Deployments in the embedded server")
	flag.IntVar(&o.pods, "pods", 2000, "pods in the embedded server")
	flag.IntVar(&o.churn, "churn", 200, "changes a second in the embedded server")
	flag.IntVar(&o.workers, "workers", 4, "reconciles at the same time")
	flag.DurationVar(&o.duration, "for", 0, "end after this long (default: 10s embedded, in a cluster when interrupted)")
	flag.Parse()
	return o
}

func run(ctx context.Context, o options) error {
	config, err := clusterConfig(o)
	if err != nil {
		return err
	}
	if config != nil {
		return control(ctx, config, o, nil)
	}
	if o.duration == 0 {
		o.duration = 10 * time.Second
	}
	return embedded(ctx, o)
}

// clusterConfig returns how to reach the cluster that the flags or the surroundings name, or nil if there is none.
func clusterConfig(o options) (*rest.Config, error) {
	if o.kubeconfig == "" && o.context == "" {
		config, err := rest.InClusterConfig()
		if errors.Is(err, rest.ErrNotInCluster) {
			return nil, nil
		}
		return config, err
	}
	rules := clientcmd.DefaultRules()
	if o.kubeconfig != "" {
		rules = clientcmd.Rules{ExplicitPath: o.kubeconfig}
	}
	return clientcmd.New(rules, clientcmd.Overrides{Context: o.context}).RESTConfig()
}
