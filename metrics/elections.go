package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/leaderelection"
)

// elections are the metrics of candidates, by the name of their Lease.
type elections struct {
	mu   sync.Mutex // owns open and the counts of its members
	open map[*election]bool
}

var (
	electionStatus   = prometheus.NewDesc("leader_election_master_status", "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease.", []string{"name"}, nil)
	electionSlowPath = prometheus.NewDesc("leader_election_slowpath_total", "Total number of slow path exercised in renewing leader leases. 'name' is the string used to identify the lease.", []string{"name"}, nil)
	electionRenewals = prometheus.NewDesc("leader_election_renewals_total", "Total number of successful writes of the lease", []string{"name"}, nil)
	electionFailures = prometheus.NewDesc("leader_election_failures_total", "Total number of requests for the lease that had no usable answer", []string{"name"}, nil)
)

func newElections() *elections { return &elections{open: map[*election]bool{}} }

// election is one candidate's metrics.
type election struct {
	of                           *elections
	lease                        string
	isLeader                     func() bool
	renewed, slowPaths, failures float64
}

// Election implements leaderelection.MetricsProvider.
func (e *elections) Election(lease string, isLeader func() bool) leaderelection.Metrics {
	one := &election{of: e, lease: lease, isLeader: isLeader}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[one] = true
	return one
}

func (e *election) Renewed()  { e.count(&e.renewed) }
func (e *election) SlowPath() { e.count(&e.slowPaths) }
func (e *election) Failed()   { e.count(&e.failures) }

func (e *election) count(what *float64) {
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	*what++
}

// Close makes the candidate's series disappear.
func (e *election) Close() {
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	delete(e.of.open, e)
}

// Describe implements prometheus.Collector.
func (e *elections) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{electionStatus, electionSlowPath, electionRenewals, electionFailures} {
		descs <- d
	}
}

// Collect implements prometheus.Collector. Candidates for one Lease in one process are added up; only one of them can lead.
func (e *elections) Collect(metrics chan<- prometheus.Metric) {
	for lease, s := range e.sums() {
		leads := 0.0
		for _, isLeader := range s.candidates {
			if isLeader() {
				leads = 1
			}
		}
		gauge(metrics, electionStatus, leads, lease)
		counter(metrics, electionSlowPath, s.slowPaths, lease)
		counter(metrics, electionRenewals, s.renewed, lease)
		counter(metrics, electionFailures, s.failures, lease)
	}
}

// sum is what the candidates for one Lease come to.
type sum struct {
	candidates                   []func() bool
	renewed, slowPaths, failures float64
}

func (e *elections) sums() map[string]sum {
	e.mu.Lock()
	defer e.mu.Unlock()
	sums := map[string]sum{}
	for one := range e.open {
		s := sums[one.lease]
		s.candidates = append(s.candidates, one.isLeader)
		s.renewed += one.renewed
		s.slowPaths += one.slowPaths
		s.failures += one.failures
		sums[one.lease] = s
	}
	return sums
}
