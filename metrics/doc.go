// Package metrics shows what the other packages do, to Prometheus.
//
//	Beside the way. In: the numbers of every stage. Out: metrics. Owner: whoever scrapes. Next: register.go.
//
// One call, before clients, informers and queues are made, registers everything:
//
//	err := metrics.Register(prometheus.DefaultRegisterer)
//
// Work queues, REST clients and leader election have the names and labels that Kubernetes' own components use (workqueue_*,
// rest_client_*, leader_election_*), so that existing dashboards work. What these do not have is sheaf_queue_*; informers and their
// handlers are sheaf_informer_* and sheaf_handler_*. Label values are bounded: resources, queues, handlers, leases and hosts, never object names. A series
// disappears with what it describes: those of a host with the last client of it, when that is collected as garbage.
//
// No stage imports this package, so a program that does not use it does not link Prometheus. Dashboards and alert rules are in the
// folder dashboards.
//
// Reading order: register.go, then a file for each of queues, requests, credential plugins, elections and informers.
package metrics
