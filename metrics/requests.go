package metrics

import (
	"context"
	"errors"
	"os/exec"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/rest"
)

// requests are the metrics of REST clients. Hosts are those that configurations name; verbs and methods are few.
type requests struct {
	total, retries, plugins           *prometheus.CounterVec
	duration, limited, sent, received *prometheus.HistogramVec
}

func newRequests() *requests {
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"verb", "host"})
	}
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	seconds := []float64{0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60}
	bytes := []float64{64, 256, 512, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
	return &requests{
		total:    count("rest_client_requests_total", "Number of HTTP requests, partitioned by status code, method, and host", "code", "method", "host"),
		retries:  count("rest_client_request_retries_total", "Number of request retries, partitioned by status code, verb, and host", "code", "verb", "host"),
		plugins:  count("rest_client_exec_plugin_call_total", "Number of calls to an exec plugin, partitioned by the type of event encountered and an optional exit code", "code", "call_status"),
		duration: histogram("rest_client_request_duration_seconds", "Request latency in seconds, broken down by verb and host", seconds),
		limited:  histogram("rest_client_rate_limiter_duration_seconds", "Client side rate limiter latency in seconds, broken down by verb and host", seconds),
		sent:     histogram("rest_client_request_size_bytes", "Request size in bytes, broken down by verb and host", bytes),
		received: histogram("rest_client_response_size_bytes", "Response size in bytes, broken down by verb and host", bytes),
	}
}

func (r *requests) collectors() []prometheus.Collector {
	return []prometheus.Collector{r.total, r.retries, r.plugins, r.duration, r.limited, r.sent, r.received}
}

func (r *requests) hooks() rest.Hooks {
	return rest.Hooks{Request: r.request, RateLimit: r.rateLimit, Retry: r.retry, Exec: r.exec}
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

func (r *requests) exec(_ context.Context, _ string, _ time.Duration, err error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		r.plugins.WithLabelValues("0", "no_error").Inc()
	case errors.As(err, &exit):
		r.plugins.WithLabelValues(strconv.Itoa(exit.ExitCode()), "plugin_execution_error").Inc()
	case errors.Is(err, exec.ErrNotFound):
		r.plugins.WithLabelValues("1", "plugin_not_found_error").Inc()
	default:
		r.plugins.WithLabelValues("1", "client_internal_error").Inc()
	}
}

// code is the label of a status code; a request without an answer has "<error>".
func code(status int) string {
	if status == 0 {
		return "<error>"
	}
	return strconv.Itoa(status)
}
