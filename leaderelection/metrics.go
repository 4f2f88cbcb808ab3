package leaderelection

import "sync/atomic"

// MetricsProvider makes the metrics of elections. Package metrics has one for Prometheus.
type MetricsProvider interface {
	// Election is called when a candidate's Run begins. The provider may ask isLeader at any time, also concurrently,
	// until it is told to Close: leader_election_master_status.
	Election(lease string, isLeader func() bool) Metrics
}

// Metrics gets what happens in an election. Its methods are called one after the other.
type Metrics interface {
	// Renewed is a successful write of the Lease.
	Renewed()
	// SlowPath is a write that met another state of the Lease than expected: leader_election_slowpath_total.
	SlowPath()
	// Failed is a request that had no usable answer.
	Failed()
	// Close is called when Run returns: the candidate's series should disappear.
	Close()
}

var globalMetrics atomic.Pointer[MetricsProvider]

// SetMetrics sets the provider for elections that begin from now on and whose Options have none.
func SetMetrics(p MetricsProvider) {
	if p == nil {
		globalMetrics.Store(nil)
		return
	}
	globalMetrics.Store(&p)
}

func metricsFor(opts Options, lease string, isLeader func() bool) Metrics {
	provider := opts.Metrics
	if p := globalMetrics.Load(); provider == nil && p != nil {
		provider = *p
	}
	if provider == nil {
		return noMetrics{}
	}
	return provider.Election(lease, isLeader)
}

type noMetrics struct{}

func (noMetrics) Renewed()  {}
func (noMetrics) SlowPath() {}
func (noMetrics) Failed()   {}
func (noMetrics) Close()    {}
