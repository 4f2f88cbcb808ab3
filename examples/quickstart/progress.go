package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sheaf-dev/sheaf/cache"
)

// progress writes one line a second about the keeper, until ctx ends: over and over in place on a terminal, line after
// line into a file.
func (k *keeper) progress(ctx context.Context, out io.Writer, inPlace bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	_, events := k.seen()
	reconciles, last := k.reconciles.Load(), time.Now()
	for {
		select {
		case <-ctx.Done():
			if inPlace {
				fmt.Fprintln(out)
			}
			return
		case <-tick.C:
		}
		seconds := time.Since(last).Seconds()
		objects, eventsNow := k.seen()
		reconcilesNow := k.reconciles.Load()
		line := fmt.Sprintf("%6d objects cached  %6.0f events/s  %5d in the queue  %6.0f reconciles/s",
			objects, float64(eventsNow-events)/seconds, k.controller.Queue().Len(), float64(reconcilesNow-reconciles)/seconds)
		if inPlace {
			fmt.Fprintf(out, "\r%s ", line)
		} else {
			fmt.Fprintln(out, line)
		}
		events, reconciles, last = eventsNow, reconcilesNow, time.Now()
	}
}

// seen returns how many objects are cached now, and how many changes of them the controller has been told of so far.
func (k *keeper) seen() (objects int, events int64) {
	for _, s := range []cache.Status{k.deployments.Status(), k.pods.Status(), k.configMaps.Status()} {
		objects += s.Objects
		for _, handler := range s.Handlers {
			events += handler.Calls
		}
	}
	return objects, events
}
