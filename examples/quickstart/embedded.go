package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sheaf-dev/sheaf/examples/internal/demo"
	"github.com/sheaf-dev/sheaf/rest"
)

// embedded starts an API server in this process, fills it, and runs the controller against it over a real socket.
func embedded(ctx context.Context, o options) (err error) {
	config, stop, err := demo.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	begin := time.Now()
	f := newFleet(client, o.deployments, o.pods)
	if err := f.fill(ctx); err != nil {
		return fmt.Errorf("fill the embedded server: %w", err)
	}
	fmt.Printf("embedded API server on %s: %d Deployments with %d pods each, filled in %v\n",
		config.Host, len(f.apps), f.replicas, time.Since(begin).Round(time.Millisecond))
	return control(ctx, config, o, f)
}
