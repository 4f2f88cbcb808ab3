// Package demo gives the examples an API server when they are run without a cluster.
package demo

import (
	"context"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/rest"
)

// Start runs an API server inside this process, on a free port of 127.0.0.1, and returns how to reach it. Stop ends it, waits, and
// returns what went wrong while it served. The end of ctx does not end it: a program stops its own work first.
func Start(ctx context.Context) (config *rest.Config, stop func() error, err error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	server := apitest.New(apitest.Options{})
	served := make(chan error, 1)
	go func() {
		defer cancel()
		served <- server.Run(ctx)
	}()
	stop = func() error {
		cancel()
		return <-served
	}
	if err := server.WaitListening(ctx); err != nil {
		return nil, nil, stop()
	}
	return server.Config(), stop, nil
}
