package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
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
	informerUnsynced     = informerDesc("unsynced", "Informers that have not had a full state yet")
	informerObjects      = informerDesc("objects", "Objects in the store")
	informerObjectBytes  = informerDesc("object_bytes", "Memory of the objects, an estimate from a sample; what they share counts for each")
	informerStoreBytes   = informerDesc("store_bytes", "Memory of the store's keys and indexes, an estimate")
	informerIndexes      = informerDesc("indexes", "Named indexes of the store")
	informerStaleness    = informerDesc("staleness_seconds", "Age of the last event, bookmark or full state, of the stalest informer")
	informerQuarantined  = informerDesc("quarantined", "Objects whose newest state could not be processed")
	informerNameless     = informerDesc("nameless_total", "Objects that could not even be identified")
	informerIndexErrors  = informerDesc("index_errors", "Objects that an index could not take")
	informerQueued       = informerDesc("queued_bytes", "Events that wait to be stored, in bytes on the wire")
	informerReads        = informerDesc("reads_total", "Full states read, by the reason why", "reason")
	informerReadTime     = informerDesc("read_duration_seconds", "How long reading a full state took, from the request to the store")
	informerWatchTime    = informerDesc("watch_duration_seconds", "How long the watches lasted that have ended")
	informerBookmarks    = informerDesc("bookmarks_total", "Bookmarks received")
	informerFallbacks    = informerDesc("list_fallbacks_total", "Streams of informers whose server was found unable to stream initial states, which are listed since, by the class of failure that showed it", "class")
	informerFailures     = informerDesc("failures_total", "Failures to read the collection, by class", "class")
	informerSharedValues = informerDesc("shared_values_total", "Parts of objects that were equal to parts of others, and were not decoded again")
	informerSharedBytes  = informerDesc("shared_bytes_total", "What these parts saved, in bytes on the wire")

	handlerPending    = handlerDesc("pending", "Notices that wait for the handler")
	handlerLag        = handlerDesc("lag_bytes", "Memory that waiting notices keep alive, an estimate")
	handlerLagTime    = handlerDesc("lag_seconds", "For how long the oldest notice has waited, of the handler that is furthest behind")
	handlerDuration   = handlerDesc("duration_seconds", "How long the calls of the handler took")
	handlerPanics     = handlerDesc("panics_total", "Calls of the handler that panicked")
	handlerCoalescing = handlerDesc("coalescing", "Handlers that get only the newest change of each object")
	handlerCoalesced  = handlerDesc("coalesced_total", "Notices that were delivered as part of another one of the same object")
	handlerFellBehind = handlerDesc("fell_behind_total", "How often the handler was too far behind to get every event")
)

// Describe implements prometheus.Collector.
func (informerMetrics) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		informerUnsynced, informerObjects, informerObjectBytes, informerStoreBytes, informerIndexes, informerStaleness, informerQuarantined,
		informerNameless, informerIndexErrors, informerQueued, informerReads, informerReadTime, informerWatchTime, informerBookmarks,
		informerFallbacks, informerFailures, informerSharedValues, informerSharedBytes,
		handlerPending, handlerLag, handlerLagTime, handlerDuration, handlerPanics, handlerCoalescing, handlerCoalesced, handlerFellBehind,
	} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (informerMetrics) Collect(metrics chan<- prometheus.Metric) {
	t := tally{gauges: map[series]float64{}, counters: map[series]float64{}, durations: map[series]durations{}}
	for _, i := range cache.Running() {
		t.informer(i.Status())
		t.store(i)
	}
	for s, value := range t.gauges {
		gauge(metrics, s.desc, value, s.values()...)
	}
	for s, value := range t.counters {
		counter(metrics, s.desc, value, s.values()...)
	}
	for s, d := range t.durations {
		metrics <- prometheus.MustNewConstSummary(s.desc, d.count, d.sum.Seconds(), nil, s.values()...)
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
type tally struct {
	gauges, counters map[series]float64
	durations        map[series]durations
}

type durations struct {
	count uint64
	sum   time.Duration
}

func (t tally) took(s series, count int64, sum time.Duration) {
	d := t.durations[s]
	t.durations[s] = durations{d.count + uint64(count), d.sum + sum}
}

func (t tally) informer(s cache.Status) {
	of := func(d *prometheus.Desc) series { return series{desc: d, resource: s.Resource} }
	t.gauges[of(informerUnsynced)] += number(!s.Synced)
	t.gauges[of(informerObjects)] += float64(s.Objects)
	t.gauges[of(informerStaleness)] = max(t.gauges[of(informerStaleness)], s.Staleness.Seconds())
	t.gauges[of(informerQuarantined)] += float64(s.QuarantinedCount)
	t.gauges[of(informerIndexErrors)] += float64(len(s.IndexErrors))
	t.gauges[of(informerQueued)] += float64(s.QueuedBytes)
	t.counters[of(informerNameless)] += float64(s.Nameless)
	t.counters[of(informerSharedValues)] += float64(s.SharedValues)
	t.counters[of(informerSharedBytes)] += float64(s.SharedBytes)
	for _, scope := range s.Scopes {
		t.stream(s.Resource, scope)
	}
	for _, h := range s.Handlers {
		t.handler(s.Resource, h)
	}
}

// stream adds what a reflector did.
func (t tally) stream(resource string, s cache.ScopeStatus) {
	of := func(d *prometheus.Desc) series { return series{desc: d, resource: resource} }
	reads := 0
	for reason, n := range s.Reads {
		reads += n
		t.counters[series{informerReads, resource, reason}] += float64(n)
	}
	for class, n := range s.Failures {
		t.counters[series{informerFailures, resource, class.String()}] += float64(n)
	}
	if s.FellBack != reflector.None {
		t.counters[series{informerFallbacks, resource, s.FellBack.String()}]++
	}
	t.took(of(informerReadTime), int64(reads), s.ReadTime)
	t.took(of(informerWatchTime), int64(s.Watches), s.WatchTime)
	t.counters[of(informerBookmarks)] += float64(s.Bookmarks)
}

// store adds what an informer holds.
func (t tally) store(i *cache.SharedIndexInformer) {
	of := func(d *prometheus.Desc) series { return series{desc: d, resource: i.Definition().String()} }
	objects, store := i.MemoryEstimate()
	t.gauges[of(informerObjectBytes)] += float64(objects)
	t.gauges[of(informerStoreBytes)] += float64(store)
	t.gauges[of(informerIndexes)] += float64(i.Reader().Snapshot().Indexes())
}

func (t tally) handler(resource string, h cache.HandlerStatus) {
	of := func(d *prometheus.Desc) series { return series{d, resource, h.Name} }
	t.gauges[of(handlerPending)] += float64(h.Pending)
	t.gauges[of(handlerLag)] += float64(h.LagBytes)
	t.gauges[of(handlerLagTime)] = max(t.gauges[of(handlerLagTime)], h.Lag.Seconds())
	t.gauges[of(handlerCoalescing)] += number(h.Coalescing)
	t.took(of(handlerDuration), h.Calls, h.Busy)
	t.counters[of(handlerPanics)] += float64(h.Panics)
	t.counters[of(handlerCoalesced)] += float64(h.Coalesced)
	t.counters[of(handlerFellBehind)] += float64(h.FellBehind)
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
