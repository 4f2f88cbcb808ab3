package probe

import (
	"context"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// updates measures a storm of updates.
func (r *run) updates(ctx context.Context) error {
	liveHeap()
	before := now()
	if err := r.order(ctx, "storm"); err != nil {
		return err
	}
	spent := now().since(before)
	events := float64(r.Events)
	r.figures[workload.PerEvent] = spent.cpu.Seconds() / events
	r.figures[workload.AllocEach] = float64(spent.allocated) / events
	r.figures[workload.Rate] = events / spent.wall.Seconds()
	r.figures[workload.Peak] = float64(peakMemory())
	r.figures[workload.Delivered] = r.delivered()
	return nil
}

// delivered is the part of the storm's updates that the handlers were called for, the marker's included. It is below 1 where a library
// left some out, because a handler was too slow.
func (r *run) delivered() float64 {
	var calls int64
	for _, h := range r.handlers {
		calls += h.updates.Load()
	}
	return float64(calls) / float64((r.Events+1)*len(r.handlers))
}

// relist measures that the collection is read again and nothing has changed.
func (r *run) relist(ctx context.Context) error {
	live, peak := liveHeap()-r.heap, peakMemory()
	before := now()
	for range r.RelistCount() {
		if err := r.order(ctx, "relist"); err != nil {
			return err
		}
	}
	spent := now().since(before)
	times := float64(r.RelistCount())
	r.figures[workload.CPU] = spent.cpu.Seconds() / times
	r.figures[workload.Wall] = spent.wall.Seconds() / times
	r.figures[workload.Allocated] = float64(spent.allocated) / times
	r.figures[workload.Peak] = float64(peakMemory())
	r.figures[workload.PeakRise] = float64(peakMemory()) / float64(peak)
	r.figures[workload.LiveRise] = float64(liveHeap()-r.heap) / float64(live)
	return nil
}

// stormy measures reads during a storm of updates that comes over the wire.
func (r *run) stormy(ctx context.Context) error {
	cache := r.subject.Cache()
	if err := r.check(cache); err != nil {
		return err
	}
	liveHeap()
	over := make(chan struct{})
	readers := startGets(cache.Get, cache.Len(), over)
	before := now()
	err := r.order(ctx, "storm")
	close(over)
	r.figures[workload.StormP99] = (<-readers).Seconds()
	r.figures[workload.Applied] = float64(r.Events) / now().since(before).wall.Seconds()
	return err
}
