package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// progress writes one line a second about the controller, until ctx ends: over and over in place on a terminal, line after
// line into a file.
func (c *controller) progress(ctx context.Context, out io.Writer, inPlace bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	events, reconciles, last := c.events.Load(), c.reconciles.Load(), time.Now()
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
		eventsNow, reconcilesNow := c.events.Load(), c.reconciles.Load()
		line := fmt.Sprintf("%6d objects cached  %6.0f events/s  %5d in the queue  %6.0f reconciles/s",
			c.objects(), float64(eventsNow-events)/seconds, c.queue.Len(), float64(reconcilesNow-reconciles)/seconds)
		if inPlace {
			fmt.Fprintf(out, "\r%s ", line)
		} else {
			fmt.Fprintln(out, line)
		}
		events, reconciles, last = eventsNow, reconcilesNow, time.Now()
	}
}

func (c *controller) objects() int {
	return c.deployments.Status().Objects + c.pods.Status().Objects + c.configMaps.Status().Objects
}
