package workqueue

import (
	"sync/atomic"
	"time"
)

// MetricsProvider makes the metrics of queues. Package metrics has one for Prometheus.
type MetricsProvider interface {
	// Queue is called when a queue with a name is made. The provider may call stats at any time, also concurrently, until
	// it is told to Close.
	Queue(name string, stats func() Stats) Metrics
}

// Metrics gets what happens to a queue's keys, one by one. It is called concurrently, without the queue's lock.
type Metrics interface {
	// Waited is how long a key was queued before a worker got it: workqueue_queue_duration_seconds.
	Waited(time.Duration)
	// Worked is the time between Get and Done: workqueue_work_duration_seconds.
	Worked(time.Duration)
	// Close is called once, when the queue is shut down and all its work is done: its series should disappear.
	Close()
}

// Stats are a queue's numbers at one moment. The names of the corresponding metrics are those that Kubernetes' components use.
type Stats struct {
	Depth          int           // workqueue_depth: keys that are queued
	Running        int           // keys that are being worked on
	Delayed        int           // sheaf_queue_delayed: keys whose delay has not ended
	Adds           uint64        // workqueue_adds_total: how often a key came to be queued
	Retries        uint64        // workqueue_retries_total: calls of AddRateLimited that led to a requeue
	DeadLetters    uint64        // sheaf_queue_dead_letters_total: keys that were given up
	Unfinished     time.Duration // workqueue_unfinished_work_seconds: for how long the running keys have been running, summed up
	LongestRunning time.Duration // workqueue_longest_running_processor_seconds
}

type counts struct {
	adds, retries, buried uint64
}

var globalMetrics atomic.Pointer[MetricsProvider]

// SetMetrics sets the provider for queues that are made from now on and whose Options have none.
func SetMetrics(p MetricsProvider) {
	if p == nil {
		globalMetrics.Store(nil)
		return
	}
	globalMetrics.Store(&p)
}

func metricsFor(opts Options, stats func() Stats) Metrics {
	provider := opts.Metrics
	if p := globalMetrics.Load(); provider == nil && p != nil {
		provider = *p
	}
	if provider == nil || opts.Name == "" {
		return nil
	}
	return provider.Queue(opts.Name, stats)
}

// Stats returns the queue's numbers. It takes the same short time whatever the queue holds.
func (q *Queue[K]) Stats() Stats {
	q.lock()
	defer q.unlock()
	s := Stats{
		Depth:       q.ready.size,
		Running:     q.active,
		Delayed:     len(q.delays.heap),
		Adds:        q.counts.adds,
		Retries:     q.counts.retries,
		DeadLetters: q.counts.buried,
	}
	if oldest := q.running.head; oldest != nil {
		now := q.now()
		s.Unfinished = time.Duration(now*int64(q.active) - q.started)
		s.LongestRunning = time.Duration(now - oldest.started)
	}
	return s
}

// endMetrics closes the metrics of a queue that has ended.
func (q *Queue[K]) endMetrics() {
	if q.metrics == nil {
		return
	}
	select {
	case <-q.drained:
		q.over.Do(q.metrics.Close)
	default:
	}
}
