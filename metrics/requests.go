package metrics

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/rest"
)

// requests are the metrics of REST clients. Hosts are those that configurations name; verbs and methods are few.
type requests struct {
	total, retries                              *prometheus.CounterVec
	duration, limited, resolved, sent, received *prometheus.HistogramVec
	*plugins

	mu      sync.Mutex // owns clients
	clients map[string]int
}

func newRequests() *requests {
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	seconds := []float64{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60}
	bytes := []float64{64, 256, 512, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
	return &requests{
		total:    count("rest_client_requests_total", "Number of HTTP requests, partitioned by status code, method, and host", "code", "method", "host"),
		retries:  count("rest_client_request_retries_total", "Number of request retries, partitioned by status code, verb, and host", "code", "verb", "host"),
		duration: histogram("rest_client_request_duration_seconds", "Request latency in seconds, broken down by verb and host", seconds, "verb", "host"),
		limited:  histogram("rest_client_rate_limiter_duration_seconds", "Client side rate limiter latency in seconds, broken down by verb and host", seconds, "verb", "host"),
		resolved: histogram("rest_client_dns_resolution_duration_seconds", "DNS resolver latency in seconds, broken down by host", seconds[:11], "host"),
		sent:     histogram("rest_client_request_size_bytes", "Request size in bytes, broken down by verb and host", bytes, "verb", "host"),
		received: histogram("rest_client_response_size_bytes", "Response size in bytes, broken down by verb and host", bytes, "verb", "host"),
		plugins:  newPlugins(),
		clients:  map[string]int{},
	}
}

func (r *requests) collectors() []prometheus.Collector {
	return []prometheus.Collector{r.total, r.retries, r.duration, r.limited, r.resolved, r.sent, r.received, r.plugins}
}

func (r *requests) hooks() rest.Hooks {
	return rest.Hooks{
		Request: r.request, RateLimit: r.rateLimit, Retry: r.retry, Resolve: r.resolve, Client: r.client,
		Exec: r.exec, Certificate: r.certificate,
	}
}

func (r *requests) request(_ context.Context, i rest.RequestInfo) {
	r.total.WithLabelValues(code(i.Code), i.Method, i.Host).Inc()
	r.duration.WithLabelValues(i.Method, i.Host).Observe(i.Latency.Seconds())
	if i.RequestBytes >= 0 {
		r.sent.WithLabelValues(i.Method, i.Host).Observe(float64(i.RequestBytes))
	}
	if i.ResponseBytes >= 0 {
		r.received.WithLabelValues(i.Method, i.Host).Observe(float64(i.ResponseBytes))
	}
}

func (r *requests) rateLimit(_ context.Context, method, host string, wait time.Duration) {
	r.limited.WithLabelValues(method, host).Observe(wait.Seconds())
}

func (r *requests) retry(_ context.Context, method, host string, status int, _ time.Duration) {
	r.retries.WithLabelValues(code(status), method, host).Inc()
}

func (r *requests) resolve(_ context.Context, host string, took time.Duration) {
	r.resolved.WithLabelValues(host).Observe(took.Seconds())
}

// client counts the clients of a host. The series of a host disappear with the last of them.
func (r *requests) client(host string) (gone func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clients[host]++
	return func() { r.gone(host) }
}

func (r *requests) gone(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clients[host]--; r.clients[host] > 0 {
		return
	}
	delete(r.clients, host)
	for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{r.total, r.retries, r.duration, r.limited, r.resolved, r.sent, r.received} {
		v.DeletePartialMatch(prometheus.Labels{"host": host})
	}
	r.forget(host)
	if len(r.clients) == 0 {
		r.reset()
	}
}

// code is the label of a status code; a request without an answer has "<error>".
func code(status int) string {
	if status == 0 {
		return "<error>"
	}
	return strconv.Itoa(status)
}
