package metrics

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/rest"
)

// always answers each request with nothing.
type always struct{}

func (always) RoundTrip(*http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	return recorder.Result(), nil
}

// ask makes a client of a host, and a request.
func ask(t *testing.T, host string) *rest.Client {
	t.Helper()
	client, err := rest.NewClientForHTTP(&rest.Config{Host: "https://" + host, QPS: 1000, Burst: 1000}, &http.Client{Transport: always{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Get().AbsPath("healthz").Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	return client
}

// hosts are the hosts that have series, and "" if there are series without a host.
func hosts(t *testing.T, registry *prometheus.Registry) []string {
	t.Helper()
	found := map[string]bool{}
	for name := range values(t, registry) {
		_, rest, _ := strings.Cut(name, "host=")
		host, _, _ := strings.Cut(rest, ",")
		found[strings.TrimSuffix(host, "}")] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// collected collects garbage until only these hosts have series.
func collected(t *testing.T, registry *prometheus.Registry, want ...string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !slices.Equal(hosts(t, registry), want) {
		if time.Now().After(deadline) {
			t.Fatalf("the hosts %q have series, want %q", hosts(t, registry), want)
		}
		runtime.GC()
	}
}

func TestTheSeriesOfAHostDisappearWithItsLastClient(t *testing.T) {
	registry := registered(t)
	one, alsoOne, two := ask(t, "one"), ask(t, "one"), ask(t, "two")
	for range 3 {
		runtime.GC()
	}
	mustBe(t, values(t, registry), map[string]float64{
		"rest_client_requests_total{code=200,host=one,method=GET}":     2,
		"rest_client_requests_total{code=200,host=two,method=GET}":     1,
		"rest_client_rate_limiter_duration_seconds{host=one,verb=GET}": 2,
	})
	runtime.KeepAlive(one)
	for range 3 {
		runtime.GC() // one of two is gone
	}
	if got := hosts(t, registry); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("the hosts %q have series", got)
	}
	runtime.KeepAlive(alsoOne)
	collected(t, registry, "two")
	runtime.KeepAlive(two)
	collected(t, registry)
}

func TestTheCertificatesOfPluginsAreMeasuredUntilTheirClientsAreGone(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	r := newRequests()
	for _, c := range r.collectors() {
		registry.MustRegister(c)
	}
	gone := map[string]func(){}
	for _, host := range []string{"one", "two"} {
		gone[host] = r.client(host)
	}
	const ttl = "rest_client_exec_plugin_ttl_seconds{}"
	in := func(d time.Duration) time.Time { return time.Now().Add(d) }
	r.certificate("one", []string{"login", "--short"}, in(time.Minute), 0)
	r.certificate("one", []string{"login", "--long"}, in(time.Hour), 0)
	r.certificate("two", []string{"login"}, in(time.Hour), 0)
	r.resolve(t.Context(), "one", time.Millisecond)
	r.exec(t.Context(), "login", time.Second, exec.ErrNotFound)
	if left := values(t, registry)[ttl]; left > 60 || left < 30 {
		t.Errorf("the first certificate ends in %v s", left)
	}
	r.certificate("one", []string{"login", "--short"}, in(2*time.Hour), 50*time.Second)
	if left := values(t, registry)[ttl]; left > 3600 || left < 3570 {
		t.Errorf("the first certificate ends in %v s", left)
	}
	mustBe(t, values(t, registry), map[string]float64{
		"rest_client_exec_plugin_certificate_rotation_age{}":                            1,
		"rest_client_exec_plugin_call_total{call_status=plugin_not_found_error,code=1}": 1,
		"rest_client_dns_resolution_duration_seconds{host=one}":                         1,
	})
	gone["one"]()
	got := values(t, registry)
	if left := got[ttl]; left > 3600 || left < 3570 || len(got) != 3 {
		t.Errorf("with one of two hosts there is %v", got)
	}
	gone["two"]()
	if got := values(t, registry); len(got) != 0 {
		t.Errorf("without a client there is %v", got)
	}
}
