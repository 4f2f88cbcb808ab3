package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/workqueue"
)

// queues are the metrics of work queues, by the queue's name.
type queues struct {
	waited, worked *prometheus.HistogramVec

	mu   sync.Mutex // owns open
	open map[*queue]bool
}

var (
	queueDepth      = prometheus.NewDesc("workqueue_depth", "Current depth of workqueue", []string{"name"}, nil)
	queueAdds       = prometheus.NewDesc("workqueue_adds_total", "Total number of adds handled by workqueue", []string{"name"}, nil)
	queueRetries    = prometheus.NewDesc("workqueue_retries_total", "Total number of retries handled by workqueue", []string{"name"}, nil)
	queueUnfinished = prometheus.NewDesc("workqueue_unfinished_work_seconds", "How many seconds of work is in progress and has not been observed by work_duration", []string{"name"}, nil)
	queueLongest    = prometheus.NewDesc("workqueue_longest_running_processor_seconds", "How many seconds the longest running worker has been at its key", []string{"name"}, nil)
	queueDelayed    = prometheus.NewDesc("sheaf_queue_delayed", "Keys that will be queued when their delay ends", []string{"name"}, nil)
	queueDead       = prometheus.NewDesc("sheaf_queue_dead_letters_total", "How often a key was given up because it failed too often", []string{"name"}, nil)
)

func newQueues() *queues {
	buckets := prometheus.ExponentialBuckets(1e-8, 10, 12)
	return &queues{
		waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "workqueue_queue_duration_seconds", Help: "How long a key stays in the workqueue before a worker gets it", Buckets: buckets,
		}, []string{"name"}),
		worked: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "workqueue_work_duration_seconds", Help: "How long working on a key takes", Buckets: buckets,
		}, []string{"name"}),
		open: map[*queue]bool{},
	}
}

// queue is one queue's metrics.
type queue struct {
	of             *queues
	name           string
	stats          func() workqueue.Stats
	waited, worked prometheus.Observer
}

// Queue implements workqueue.MetricsProvider.
func (q *queues) Queue(name string, stats func() workqueue.Stats) workqueue.Metrics {
	one := &queue{of: q, name: name, stats: stats, waited: q.waited.WithLabelValues(name), worked: q.worked.WithLabelValues(name)}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open[one] = true
	return one
}

func (q *queue) Waited(d time.Duration) { q.waited.Observe(d.Seconds()) }
func (q *queue) Worked(d time.Duration) { q.worked.Observe(d.Seconds()) }

// Close makes the queue's series disappear, unless another queue has its name.
func (q *queue) Close() {
	q.of.mu.Lock()
	defer q.of.mu.Unlock()
	delete(q.of.open, q)
	for other := range q.of.open {
		if other.name == q.name {
			return
		}
	}
	q.of.waited.DeleteLabelValues(q.name)
	q.of.worked.DeleteLabelValues(q.name)
}

// Describe implements prometheus.Collector.
func (q *queues) Describe(descs chan<- *prometheus.Desc) {
	q.waited.Describe(descs)
	q.worked.Describe(descs)
	for _, d := range []*prometheus.Desc{queueDepth, queueAdds, queueRetries, queueUnfinished, queueLongest, queueDelayed, queueDead} {
		descs <- d
	}
}

// Collect implements prometheus.Collector. Queues of one name are added up.
func (q *queues) Collect(metrics chan<- prometheus.Metric) {
	q.waited.Collect(metrics)
	q.worked.Collect(metrics)
	for name, s := range q.sums() {
		gauge(metrics, queueDepth, float64(s.Depth), name)
		counter(metrics, queueAdds, float64(s.Adds), name)
		counter(metrics, queueRetries, float64(s.Retries), name)
		gauge(metrics, queueUnfinished, s.Unfinished.Seconds(), name)
		gauge(metrics, queueLongest, s.LongestRunning.Seconds(), name)
		gauge(metrics, queueDelayed, float64(s.Delayed), name)
		counter(metrics, queueDead, float64(s.DeadLetters), name)
	}
}

func (q *queues) sums() map[string]workqueue.Stats {
	q.mu.Lock()
	open := make([]*queue, 0, len(q.open))
	for one := range q.open {
		open = append(open, one)
	}
	q.mu.Unlock()
	sums := map[string]workqueue.Stats{}
	for _, one := range open {
		s, sum := one.stats(), sums[one.name]
		sum.Depth += s.Depth
		sum.Adds += s.Adds
		sum.Retries += s.Retries
		sum.Delayed += s.Delayed
		sum.DeadLetters += s.DeadLetters
		sum.Unfinished += s.Unfinished
		sum.LongestRunning = max(sum.LongestRunning, s.LongestRunning)
		sums[one.name] = sum
	}
	return sums
}

func gauge(metrics chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func counter(metrics chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	metrics <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}
