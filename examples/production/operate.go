package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/metrics"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

type build func(*informers.SharedInformerFactory) *controller.Controller[resource.Key]

// operate runs a controller until ctx ends or something fails: as one of several replicas, with metrics and health checks.
func operate(ctx context.Context, config *rest.Config, registry *prometheus.Registry, listener net.Listener, build build) error {
	if err := metrics.Register(registry); err != nil { // before anything that is to be measured
		return err
	}
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	c := build(factory)
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	lead := leaderelection.Callbacks{OnStartedLeading: func(ctx context.Context) {
		if err := c.Work(ctx); err != nil {
			stop(err)
		}
	}}
	elector, err := leaderelection.New(leaderelection.LeasesIn(client, "default"), "pods", lead, leaderelection.Options{})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/readyz", factory.Health(2*time.Minute))           // 503 while a cache is stale
	mux.Handle("/healthz", leaderelection.Health(elector.Healthy)) // 503 if it works on without the Lease
	server := &http.Server{Handler: mux}
	var wg sync.WaitGroup
	wg.Go(func() { stop(server.Serve(listener)) })
	wg.Go(func() { stop(c.Standby(running)) })   // keeps the caches warm, leading or not
	wg.Go(func() { stop(elector.Run(running)) }) // works while it leads; ends by releasing the Lease
	factory.Start(running)
	<-running.Done()
	server.Close()
	wg.Wait()
	factory.Shutdown()
	client.CloseIdle()
	return context.Cause(running) // ctx's, or what failed
}
