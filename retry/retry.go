// Package retry repeats what failed because somebody else was quicker.
//
//	Beside the way. In: something to try. Out: its result. Owner: the caller's goroutine; nothing is started.
//
// Update reads an object, lets the caller change it, writes it, and starts over if the object has changed in between:
//
//	pod, err := retry.Update(ctx, pods, "cart-0", func(pod *corev1.Pod) error {
//		pod.Labels["checked"] = "yes"
//		return nil
//	})
//
// OnConflict repeats anything that ends in such a conflict. In a controller, neither is needed: it returns the error, and its queue
// tries again with the newest state.
package retry

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Options say how often to try, and how long to wait. The zero value is good for conflicts.
type Options struct {
	// Tries is how often to try at most. Default: 10.
	Tries int
	// First is the wait after the first failure; each further one is twice as long, up to Most. A wait is uniformly distributed between that
	// and its double, so that those who fail together do not try again together. Default: 10 ms, up to 1 s.
	First, Most time.Duration
}

func (o Options) withDefaults() Options {
	if o.Tries <= 0 {
		o.Tries = 10
	}
	if o.First <= 0 {
		o.First = 10 * time.Millisecond
	}
	if o.Most <= 0 {
		o.Most = time.Second
	}
	return o
}

// OnConflict calls try until it returns anything but a conflict, ten times at most. try must read the object anew each time.
func OnConflict(ctx context.Context, try func(ctx context.Context) error) error {
	return On(ctx, Options{}, apierrors.IsConflict, try)
}

// On calls try until it returns nil or an error that again does not want to see again. If there are too many of those, the last one is
// returned; if ctx ends while waiting, too, together with ctx's error.
func On(ctx context.Context, opts Options, again func(error) bool, try func(ctx context.Context) error) error {
	opts = opts.withDefaults()
	wait := opts.First
	for tries := 1; ; tries++ {
		err := try(ctx)
		switch {
		case err == nil || !again(err):
			return err
		case tries == opts.Tries:
			return fmt.Errorf("after %d tries: %w", tries, err)
		}
		timer := time.NewTimer(wait + rand.N(wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w (not tried again: %w)", err, context.Cause(ctx))
		}
		wait = min(2*wait, opts.Most)
	}
}
