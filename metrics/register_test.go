package metrics

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// registered is a fresh registry that all packages report to until the test ends.
func registered(t *testing.T) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := Register(registry); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		workqueue.SetMetrics(nil)
		leaderelection.SetMetrics(nil)
		rest.SetHooks(rest.Hooks{})
	})
	return registry
}

// values are the metrics now: "name{label=value,…}" → value, for histograms the number of observations.
func values(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			all[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount()+m.GetSummary().GetSampleCount())
		}
	}
	return all
}

func mustBe(t *testing.T, got map[string]float64, want map[string]float64) {
	t.Helper()
	for name, value := range want {
		if v, ok := got[name]; !ok || v != value {
			t.Errorf("%s is %v (there: %v), want %v; there are:\n%s", name, v, ok, value, strings.Join(slices.Sorted(maps.Keys(got)), "\n"))
		}
	}
}

func TestAQueueHasTheUsualSeriesUntilItIsShutDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := registered(t)
		queue := workqueue.New(workqueue.Options{Name: "things"}, workqueue.MaxRetries(1, func(string, int) {}))
		twin := workqueue.New[string](workqueue.Options{Name: "things"})
		queue.Add("a")
		queue.Add("b")
		twin.Add("c")
		time.Sleep(time.Second)
		key, _ := queue.Get(t.Context())
		time.Sleep(2 * time.Second)
		mustBe(t, values(t, registry), map[string]float64{
			"workqueue_depth{name=things}":                             2,
			"workqueue_adds_total{name=things}":                        3,
			"workqueue_unfinished_work_seconds{name=things}":           2,
			"workqueue_longest_running_processor_seconds{name=things}": 2,
			"workqueue_queue_duration_seconds{name=things}":            1,
		})
		queue.AddRateLimited(key)
		queue.Done(key)
		mustBe(t, values(t, registry), map[string]float64{
			"workqueue_retries_total{name=things}":         1,
			"workqueue_work_duration_seconds{name=things}": 1,
			"sheaf_queue_delayed{name=things}":             1,
			"sheaf_queue_dead_letters_total{name=things}":  0,
		})
		queue.AddRateLimited(key)
		twin.AddAfter("d", time.Hour)
		mustBe(t, values(t, registry), map[string]float64{
			"sheaf_queue_delayed{name=things}":            2,
			"sheaf_queue_dead_letters_total{name=things}": 1,
		})
		queue.ShutDown()
		twin.ShutDown()
		for !finish(queue) || !finish(twin) {
		}
		if left := values(t, registry); len(left) != 0 {
			t.Errorf("series of queues that are gone: %v", left)
		}
	})
}

// finish works on what a queue still has, and says whether it is over.
func finish(q *workqueue.Queue[string]) (over bool) {
	key, shutdown := q.Get(context.Background())
	if !shutdown {
		q.Done(key)
	}
	return shutdown
}

func TestInformersHandlersAndRequestsAreMeasuredWhileTheyExist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := registered(t)
		_, client := serving(t)
		for i := range 3 {
			cm := &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("cm-", i)}, Data: map[string]string{"mode": "the same in all of them"}}
			if _, err := typed.For(client, corev1.ConfigMaps).Namespace("default").Create(t.Context(), cm, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		factory := informers.NewSharedInformerFactory(client, informers.Options{})
		configMaps := informers.For(factory, corev1.ConfigMaps)
		if _, err := configMaps.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{
			AddFunc: func(*v1.ConfigMap, bool) { panic("on purpose") },
		}, cache.HandlerOptions{Name: "clumsy"}); err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		if _, err := configMaps.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{
			AddFunc: func(*v1.ConfigMap, bool) { <-release },
		}, cache.HandlerOptions{Name: "stuck", Coalesce: true}); err != nil {
			t.Fatal(err)
		}
		factory.Start(t.Context())
		if err := factory.WaitForCacheSync(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.Sleep(5 * time.Second)
		mustBe(t, values(t, registry), map[string]float64{
			"sheaf_informer_objects{resource=configmaps/v1}":                        3,
			"sheaf_informer_unsynced{resource=configmaps/v1}":                       0,
			"sheaf_informer_staleness_seconds{resource=configmaps/v1}":              5,
			"sheaf_informer_reads_total{reason=initial,resource=configmaps/v1}":     1,
			"sheaf_informer_read_duration_seconds{resource=configmaps/v1}":          1,
			"sheaf_informer_watch_duration_seconds{resource=configmaps/v1}":         0,
			"sheaf_informer_bookmarks_total{resource=configmaps/v1}":                1,
			"sheaf_informer_indexes{resource=configmaps/v1}":                        0,
			"sheaf_handler_duration_seconds{handler=clumsy,resource=configmaps/v1}": 3,
			"sheaf_handler_lag_seconds{handler=clumsy,resource=configmaps/v1}":      0,
			"sheaf_handler_coalesced_total{handler=clumsy,resource=configmaps/v1}":  0,
			"sheaf_handler_lag_seconds{handler=stuck,resource=configmaps/v1}":       5,
			"sheaf_handler_pending{handler=stuck,resource=configmaps/v1}":           2,
			"sheaf_handler_panics_total{handler=clumsy,resource=configmaps/v1}":     3,
			"rest_client_requests_total{code=201,host=apitest.invalid,method=POST}": 3,
			"rest_client_request_duration_seconds{host=apitest.invalid,verb=POST}":  3,
		})
		for _, name := range []string{"object_bytes", "store_bytes", "shared_bytes_total", "shared_values_total"} {
			if v := values(t, registry)["sheaf_informer_"+name+"{resource=configmaps/v1}"]; v <= 0 {
				t.Errorf("%s is %v", name, v)
			}
		}
		close(release)
		synctest.Wait()
		mustBe(t, values(t, registry), map[string]float64{"sheaf_handler_lag_seconds{handler=stuck,resource=configmaps/v1}": 0})
		factory.Shutdown()
		mustHaveNoInformer(t, registry)
	})
}

// serving starts a server in memory, and returns a client of it.
func serving(t *testing.T) (*apitest.Server, *rest.Client) {
	t.Helper()
	server := apitest.New(apitest.Options{InMemory: true, Seed: 1}).Start(t)
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return server, client
}

// mustHaveNoInformer is for when all informers have ended.
func mustHaveNoInformer(t *testing.T, registry *prometheus.Registry) {
	t.Helper()
	for name := range values(t, registry) {
		if strings.HasPrefix(name, "sheaf_") {
			t.Errorf("a series of an informer that is gone: %s", name)
		}
	}
}

func TestAFailingSourceShowsInTheMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := registered(t)
		server, client := serving(t)
		server.Inject(apitest.Fault{Do: apitest.Unavailable(0)})
		factory := informers.NewSharedInformerFactory(client, informers.Options{})
		informers.For(factory, corev1.Pods)
		factory.Start(t.Context())
		defer factory.Shutdown()
		time.Sleep(time.Minute)
		got := values(t, registry)
		mustBe(t, got, map[string]float64{"sheaf_informer_unsynced{resource=pods/v1}": 1})
		failures := 0.0
		for name, value := range got {
			if strings.HasPrefix(name, "sheaf_informer_failures_total{") {
				failures += value
			}
		}
		if failures < 3 {
			t.Errorf("%v failures in a minute: %v", failures, got)
		}
	})
}

func TestAServerThatCannotStreamInitialStatesIsCounted(t *testing.T) {
	for class, fault := range map[string]apitest.Action{
		"refused": apitest.Fail(apierrors.NewBadRequest("sendInitialEvents is forbidden")),
		"stalled": apitest.NoInitialEventsEnd(),
		"cut":     apitest.CutAfterBytes(20),
	} {
		t.Run(class, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				registry := registered(t)
				server, client := serving(t)
				initial := func(r *apitest.Request) bool { return r.Query.Get("sendInitialEvents") == "true" }
				server.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps", Verb: "watch", Func: initial}, Do: fault})
				factory := informers.NewSharedInformerFactory(client, informers.Options{Namespaces: []string{"default", "kube-system"}})
				informers.For(factory, corev1.ConfigMaps)
				informers.For(factory, corev1.Secrets)
				factory.Start(klog.NewContext(t.Context(), klog.New(nil)))
				time.Sleep(5 * time.Minute)
				got := map[string]float64{}
				for name, value := range values(t, registry) {
					if strings.HasPrefix(name, "sheaf_informer_list_fallbacks_total") {
						got[name] = value
					}
				}
				if want := map[string]float64{"sheaf_informer_list_fallbacks_total{class=" + class + ",resource=configmaps/v1}": 1}; !maps.Equal(got, want) { // in one namespace for both
					t.Errorf("counted %v, want %v", got, want)
				}
				factory.Shutdown()
				mustHaveNoInformer(t, registry)
			})
		})
	}
}

func TestWhatGoesWrongInsideOfAnInformerShowsInTheMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := registered(t)
		server, client := serving(t)
		server.Inject(apitest.Fault{Do: apitest.Undecodable(resource.Key{Namespace: "default", Name: "broken"})})
		factory := informers.NewSharedInformerFactory(client, informers.Options{Cache: cache.Options{JournalBytes: 1000}})
		configMaps := informers.For(factory, corev1.ConfigMaps)
		if err := configMaps.AddIndexers(map[string]func(*v1.ConfigMap) ([]string, error){
			"value": func(o *v1.ConfigMap) ([]string, error) { return nil, fmt.Errorf("%s has no value", o.Name) },
		}); err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		if _, err := configMaps.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.ConfigMap]{
			AddFunc: func(*v1.ConfigMap, bool) { <-release },
		}, cache.HandlerOptions{Name: "slow"}); err != nil {
			t.Fatal(err)
		}
		factory.Start(klog.NewContext(t.Context(), klog.New(nil)))
		defer factory.Shutdown()
		defer close(release)
		if err := factory.WaitForCacheSync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for n := range 30 {
			cm := &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("cm-", n)}}
			if n == 0 {
				cm.Name = "broken"
			}
			cm.Namespace = "default"
			if err := apitest.In(server, corev1.ConfigMaps).Put(cm); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		mustBe(t, values(t, registry), map[string]float64{
			"sheaf_informer_quarantined{resource=configmaps/v1}":                   1,
			"sheaf_informer_index_errors{resource=configmaps/v1}":                  29,
			"sheaf_handler_coalescing{handler=slow,resource=configmaps/v1}":        1,
			"sheaf_handler_fell_behind_total{handler=slow,resource=configmaps/v1}": 1,
		})
	})
}

func TestACandidateIsMeasuredWhileItRuns(t *testing.T) {
	registry := registered(t)
	leads := false
	provider := newElectionsOf(t, registry)
	m := provider.Election("shop/leader", func() bool { return leads })
	m.Renewed()
	m.SlowPath()
	mustBe(t, values(t, registry), map[string]float64{
		"leader_election_master_status{name=shop/leader}":  0,
		"leader_election_slowpath_total{name=shop/leader}": 1,
		"leader_election_renewals_total{name=shop/leader}": 1,
	})
	leads = true
	mustBe(t, values(t, registry), map[string]float64{"leader_election_master_status{name=shop/leader}": 1})
	m.Close()
	if left := values(t, registry); len(left) != 0 {
		t.Errorf("series of a candidate that is gone: %v", left)
	}
}

func TestAnElectorIsMeasuredFromItsStartToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := registered(t)
		server, client := serving(t)
		elector, err := leaderelection.New(leaderelection.LeasesIn(client, "default"), "shop", leaderelection.Callbacks{
			OnStartedLeading: func(ctx context.Context) { <-ctx.Done() },
		}, leaderelection.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(klog.NewContext(t.Context(), klog.Logger{}))
		var running sync.WaitGroup
		running.Go(func() {
			if err := elector.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		elections := func() map[string]float64 {
			all := values(t, registry)
			maps.DeleteFunc(all, func(name string, _ float64) bool { return !strings.HasPrefix(name, "leader_election_") })
			return all
		}
		time.Sleep(10 * time.Second)
		led := elections()
		mustBe(t, led, map[string]float64{
			"leader_election_master_status{name=shop}":  1,
			"leader_election_failures_total{name=shop}": 0,
		})
		if n := led["leader_election_renewals_total{name=shop}"]; n < 3 || n > 6 {
			t.Errorf("%v renewals in ten seconds", n)
		}
		failing := server.Inject(apitest.Fault{Do: apitest.Unavailable(0)})
		time.Sleep(15 * time.Second)
		lost := elections()
		mustBe(t, lost, map[string]float64{"leader_election_master_status{name=shop}": 0})
		if n := lost["leader_election_failures_total{name=shop}"]; n < 3 {
			t.Errorf("%v failures in 15 seconds", n)
		}
		failing.Remove()
		stop()
		running.Wait()
		if left := elections(); len(left) != 0 {
			t.Errorf("series of an elector that is gone: %v", left)
		}
	})
}

// newElectionsOf registers elections of their own beside those that Register made.
func newElectionsOf(t *testing.T, registry *prometheus.Registry) *elections {
	t.Helper()
	e := newElections()
	registry.Unregister(e)
	if err := registry.Register(e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestRegisteringTwiceIsAnErrorAndChangesNothing(t *testing.T) {
	registry := registered(t)
	if err := Register(registry); err == nil {
		t.Error("a second registration went through")
	}
	if _, err := registry.Gather(); err != nil {
		t.Error(err)
	}
}

// Every metric that a dashboard or an alert asks for exists, and every metric is on the dashboard.
func TestDashboardsAskForTheMetricsThatThereAre(t *testing.T) {
	known := names()
	word := regexp.MustCompile(`\b(sheaf|workqueue|rest_client|leader_election)_[a-z_]+`)
	shown := map[string]bool{}
	for _, file := range []string{"dashboards/controllers.json", "dashboards/alerts.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range word.FindAllString(string(data), -1) {
			base := suffix.ReplaceAllString(name, "")
			shown[base] = true
			if known[base] == nil {
				t.Errorf("%s asks for %s, which does not exist", file, name)
			}
		}
	}
	for name := range known {
		if !shown[name] {
			t.Errorf("%s is on no dashboard and in no alert", name)
		}
	}
}

// Every label that a dashboard or an alert sums by is one of all metrics in its expression.
func TestDashboardsSumByLabelsThatThereAre(t *testing.T) {
	known := names()
	metric := regexp.MustCompile(`\b(?:sheaf|workqueue|rest_client|leader_election)_[a-z_]+`)
	by := regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
	checked := 0
	for _, file := range []string{"dashboards/controllers.json", "dashboards/alerts.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			for _, labels := range by.FindAllStringSubmatch(line, -1) {
				for label := range strings.SplitSeq(labels[1], ", ") {
					if label == "le" || label == "instance" { // of histograms' buckets, and of what is scraped
						continue
					}
					for _, name := range metric.FindAllString(line, -1) {
						checked++
						if base := suffix.ReplaceAllString(name, ""); !slices.Contains(known[base], label) {
							t.Errorf("%s sums %s by %s, it has %v", file, name, label, known[base])
						}
					}
				}
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d labels were found to check", checked)
	}
}

// The names and labels of queues, requests and elections are those of Kubernetes' own components.
func TestSeriesAreNamedAsThoseOfKubernetesComponents(t *testing.T) {
	known := names()
	for name, labels := range map[string][]string{
		"workqueue_depth":                                  {"name"},
		"workqueue_adds_total":                             {"name"},
		"workqueue_retries_total":                          {"name"},
		"workqueue_queue_duration_seconds":                 {"name"},
		"workqueue_work_duration_seconds":                  {"name"},
		"workqueue_unfinished_work_seconds":                {"name"},
		"workqueue_longest_running_processor_seconds":      {"name"},
		"rest_client_requests_total":                       {"code", "method", "host"},
		"rest_client_request_retries_total":                {"code", "verb", "host"},
		"rest_client_request_duration_seconds":             {"verb", "host"},
		"rest_client_rate_limiter_duration_seconds":        {"verb", "host"},
		"rest_client_request_size_bytes":                   {"verb", "host"},
		"rest_client_response_size_bytes":                  {"verb", "host"},
		"rest_client_exec_plugin_call_total":               {"code", "call_status"},
		"rest_client_dns_resolution_duration_seconds":      {"host"},
		"rest_client_exec_plugin_ttl_seconds":              {""}, // none
		"rest_client_exec_plugin_certificate_rotation_age": {""},
		"leader_election_master_status":                    {"name"},
		"leader_election_slowpath_total":                   {"name"},
	} {
		if !slices.Equal(known[name], labels) {
			t.Errorf("%s has the labels %v, want %v", name, known[name], labels)
		}
	}
}

var suffix = regexp.MustCompile(`_(bucket|sum|count)$`)

// names are the names of all metrics, with their labels.
func names() map[string][]string {
	descs := make(chan *prometheus.Desc, 100)
	for _, c := range append(newRequests().collectors(), newQueues(), newElections(), informerMetrics{}) {
		c.Describe(descs)
	}
	close(descs)
	parts := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	known := map[string][]string{}
	for d := range descs {
		found := parts.FindStringSubmatch(d.String())
		known[found[1]] = strings.Split(found[2], ",")
	}
	return known
}
