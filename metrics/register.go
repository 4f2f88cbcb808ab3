package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// Register makes the metrics of all clients, informers, queues and elections of this process and registers them. What was made
// before the call, other than informers, is not measured. It fails, and changes nothing, if a metric of one of the names is registered
// already. Call it once.
func Register(registerer prometheus.Registerer) error {
	q, r, e := newQueues(), newRequests(), newElections()
	collectors := append(r.collectors(), q, e, informerMetrics{})
	for i, c := range collectors {
		if err := registerer.Register(c); err != nil {
			for _, done := range collectors[:i] {
				registerer.Unregister(done)
			}
			return errors.Join(errors.New("metrics: cannot register"), err)
		}
	}
	workqueue.SetMetrics(q)
	rest.SetHooks(r.hooks())
	leaderelection.SetMetrics(e)
	return nil
}
