package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/cache"
)

// informerMetrics shows the informers that are running when it is asked, added up by resource. It holds nothing itself.
type informerMetrics struct{}

func informerDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sheaf_informer_"+name, help, append([]string{"resource"}, labels...), nil)
}

func handlerDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("sheaf_handler_"+name, help, []string{"resource", "handler"}, nil)
}

var (
	informerUnsynced    = informerDesc("unsynced", "Informers that have not had a full state yet")
	informerObjects     = informerDesc("objects", "Objects in the store")
	informerStaleness   = informerDesc("staleness_seconds", "Age of the last event, bookmark or full state, of the stalest informer")
	informerQuarantined = informerDesc("quarantined", "Objects whose newest state could not be processed")
	informerNameless    = informerDesc("nameless_total", "Objects that could not even be identified")
	informerIndexErrors = informerDesc("index_errors", "Objects that an index could not take")
	informerQueued      = informerDesc("queued_bytes", "Events that wait to be stored, in bytes on the wire")
	informerReads       = informerDesc("reads_total", "Full states read, by the reason why", "reason")
	informerFailures    = informerDesc("failures_total", "Failures to read the collection, by class", "class")

	handlerPending    = handlerDesc("pending", "Notices that wait for the handler")
	handlerLag        = handlerDesc("lag_bytes", "Memory that waiting notices keep alive, an estimate")
	handlerCalls      = handlerDesc("calls_total", "Calls of the handler")
	handlerPanics     = handlerDesc("panics_total", "Calls of the handler that panicked")
	handlerCoalescing = handlerDesc("coalescing", "Handlers that get only the newest change of each object")
	handlerFellBehind = handlerDesc("fell_behind_total", "How often the handler was too far behind to get every event")
)

// Describe implements prometheus.Collector.
func (informerMetrics) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		informerUnsynced, informerObjects, informerStaleness, informerQuarantined, informerNameless, informerIndexErrors, informerQueued,
		informerReads, informerFailures,
		handlerPending, handlerLag, handlerCalls, handlerPanics, handlerCoalescing, handlerFellBehind,
	} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (informerMetrics) Collect(metrics chan<- prometheus.Metric) {
	t := tally{gauges: map[series]float64{}, counters: map[series]float64{}}
	for _, i := range cache.Running() {
		t.informer(i.Status())
	}
	for s, value := range t.gauges {
		gauge(metrics, s.desc, value, s.values()...)
	}
	for s, value := range t.counters {
		counter(metrics, s.desc, value, s.values()...)
	}
}

// series is one line of the output: a metric, its resource and, if it has one, its second label.
type series struct {
	desc             *prometheus.Desc
	resource, second string
}

func (s series) values() []string {
	if s.second == "" {
		return []string{s.resource}
	}
	return []string{s.resource, s.second}
}

// tally adds up the statuses of informers.
type tally struct{ gauges, counters map[series]float64 }

func (t tally) informer(s cache.Status) {
	of := func(d *prometheus.Desc) series { return series{desc: d, resource: s.Resource} }
	unsynced := 1.0
	if s.Synced {
		unsynced = 0
	}
	t.gauges[of(informerUnsynced)] += unsynced
	t.gauges[of(informerObjects)] += float64(s.Objects)
	t.gauges[of(informerStaleness)] = max(t.gauges[of(informerStaleness)], s.Staleness.Seconds())
	t.gauges[of(informerQuarantined)] += float64(s.QuarantinedCount)
	t.gauges[of(informerIndexErrors)] += float64(len(s.IndexErrors))
	t.gauges[of(informerQueued)] += float64(s.QueuedBytes)
	t.counters[of(informerNameless)] += float64(s.Nameless)
	for _, scope := range s.Scopes {
		for reason, n := range scope.Reads {
			t.counters[series{informerReads, s.Resource, reason}] += float64(n)
		}
		for class, n := range scope.Failures {
			t.counters[series{informerFailures, s.Resource, class.String()}] += float64(n)
		}
	}
	for _, h := range s.Handlers {
		t.handler(s.Resource, h)
	}
}

func (t tally) handler(resource string, h cache.HandlerStatus) {
	of := func(d *prometheus.Desc) series { return series{d, resource, h.Name} }
	coalescing := 0.0
	if h.Coalescing {
		coalescing = 1
	}
	t.gauges[of(handlerPending)] += float64(h.Pending)
	t.gauges[of(handlerLag)] += float64(h.LagBytes)
	t.gauges[of(handlerCoalescing)] += coalescing
	t.counters[of(handlerCalls)] += float64(h.Calls)
	t.counters[of(handlerPanics)] += float64(h.Panics)
	t.counters[of(handlerFellBehind)] += float64(h.FellBehind)
}
