package metrics

import (
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// plugins are the metrics of credential plugins, and of the client certificates that they issue.
type plugins struct {
	calls *prometheus.CounterVec
	lived *prometheus.HistogramVec // without labels: so it is not there before it is used

	mu      sync.Mutex // owns expires
	expires map[plugin]time.Time
}

// plugin is one credential plugin.
type plugin struct{ host, command string }

var pluginTTL = prometheus.NewDesc("rest_client_exec_plugin_ttl_seconds", "Gauge of the shortest TTL (time-to-live) of the client certificates that credential plugins have issued, in seconds until expiry (negative if already expired). There is none without such certificates", nil, nil)

func newPlugins() *plugins {
	const hour = 60 * 60.
	const day = 24 * hour
	return &plugins{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rest_client_exec_plugin_call_total", Help: "Number of calls to an exec plugin, partitioned by the type of event encountered and an optional exit code",
		}, []string{"code", "call_status"}),
		lived: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rest_client_exec_plugin_certificate_rotation_age", Help: "Histogram of the number of seconds the last client certificate of an exec plugin lived before being rotated",
			Buckets: []float64{hour / 6, hour / 2, hour, 4 * hour, day, 7 * day, 30 * day, 90 * day, 180 * day, 360 * day, 1440 * day},
		}, nil),
		expires: map[plugin]time.Time{},
	}
}

func (p *plugins) exec(_ context.Context, _ string, _ time.Duration, err error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		p.calls.WithLabelValues("0", "no_error").Inc()
	case errors.As(err, &exit):
		p.calls.WithLabelValues(strconv.Itoa(exit.ExitCode()), "plugin_execution_error").Inc()
	case errors.Is(err, exec.ErrNotFound):
		p.calls.WithLabelValues("1", "plugin_not_found_error").Inc()
	default:
		p.calls.WithLabelValues("1", "client_internal_error").Inc()
	}
}

func (p *plugins) certificate(host string, command []string, expires time.Time, last time.Duration) {
	if last > 0 {
		p.lived.WithLabelValues().Observe(last.Seconds())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expires[plugin{host, strings.Join(command, "\x00")}] = expires
}

// forget forgets the plugins of a host.
func (p *plugins) forget(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.expires {
		if one.host == host {
			delete(p.expires, one)
		}
	}
}

// reset is for when no host is left.
func (p *plugins) reset() {
	p.calls.Reset()
	p.lived.Reset()
}

// Describe implements prometheus.Collector.
func (p *plugins) Describe(descs chan<- *prometheus.Desc) {
	p.calls.Describe(descs)
	p.lived.Describe(descs)
	descs <- pluginTTL
}

// Collect implements prometheus.Collector.
func (p *plugins) Collect(metrics chan<- prometheus.Metric) {
	p.calls.Collect(metrics)
	p.lived.Collect(metrics)
	p.mu.Lock()
	defer p.mu.Unlock()
	var first time.Time
	for _, expires := range p.expires {
		if first.IsZero() || expires.Before(first) {
			first = expires
		}
	}
	if !first.IsZero() {
		gauge(metrics, pluginTTL, time.Until(first).Seconds())
	}
}
