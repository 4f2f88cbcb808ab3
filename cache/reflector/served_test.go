package reflector_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// source reads a server's collection as informers do.
type source struct{ *rest.ResourceClient }

func (s source) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	w, err := s.ResourceClient.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (s source) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	return s.ResourceClient.List(ctx, opts, yield)
}

// serve runs a server in memory with some config maps, and returns it with a source of them.
func serve(t *testing.T, objects int) (*apitest.Server, source) {
	t.Helper()
	server := apitest.New(apitest.Options{InMemory: true, CreateNamespaces: true}).Start(t)
	for n := range objects {
		o := corev1.ConfigMaps.New()
		o.Namespace, o.Name, o.Data = "a", fmt.Sprint(n), map[string]string{"value": "x"}
		if err := apitest.In(server, corev1.ConfigMaps).Put(o); err != nil {
			t.Fatal(err)
		}
	}
	client, err := rest.NewClient(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	return server, source{client.ForResource(corev1.ConfigMaps.Definition()).MaxRetries(0)}
}

// follow runs a reflector of a source until the test ends.
func follow(t *testing.T, ctx context.Context, s reflector.ListerWatcher, opts reflector.Options) (*reflector.Reflector, *state) {
	t.Helper()
	sink := &state{objects: map[resource.Key]string{}}
	r := reflector.New(s, sink, opts)
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return r, sink
}

// Whatever the way in which a server shows that it cannot stream, it is found once, said once and remembered.
func TestAServerThatCannotStreamIsSaidOnceAndRemembered(t *testing.T) {
	for class, faults := range map[reflector.Class][]apitest.Action{
		reflector.Refused: {apitest.Fail(apierrors.NewBadRequest("no")), apitest.Fail(apierrors.NewInvalid(schema.GroupKind{Kind: "ListOptions"}, "", nil))},
		reflector.Stalled: {apitest.NoInitialEventsEnd()},
		reflector.Cut:     {apitest.CutAfterEvents(2)},
	} {
		for _, fault := range faults {
			synctest.Test(t, func(t *testing.T) {
				server, from := serve(t, 10)
				initial := apitest.Match{Resource: "configmaps", Verb: "watch", Func: func(r *apitest.Request) bool { return r.Query.Get("sendInitialEvents") == "true" }}
				server.Inject(apitest.Fault{On: initial, Do: fault})
				logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true), ktesting.Verbosity(0)))
				r, sink := follow(t, klog.NewContext(t.Context(), logger), from, reflector.Options{})
				time.Sleep(2 * time.Minute)
				asked := len(server.Requests(initial))
				for range 3 { // and the state is read again and again
					server.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps", Verb: "watch"}, Times: 1, Do: apitest.Expired()})
					server.CutConnections()
					time.Sleep(time.Minute)
				}
				s := r.Status()
				if s.Phase != reflector.Watching || !s.NoStreaming || s.FellBack != class || s.Reads["expired"] != 3 || len(sink.objects) != 10 {
					t.Errorf("%v: status %+v, %d objects", class, s, len(sink.objects))
				}
				if n := len(server.Requests(initial)); n != asked {
					t.Errorf("%v: %d further streams were asked for", class, n-asked)
				}
				log := logger.GetSink().(ktesting.Underlier).GetBuffer().String()
				if n := strings.Count(log, "The server does not stream initial states"); n != 1 {
					t.Errorf("%v: the log says it %d times:\n%s", class, n, log)
				}
			})
		}
	}
}

func TestAStreamThatIsCutAgainAndAgainBeforeItsEndIsListedFromThenOn(t *testing.T) {
	for name, fault := range map[string]apitest.Action{
		"cut":                 apitest.CutAfterEvents(2),
		"cut in mid-event":    apitest.CutAfterBytes(300),
		"half-closed":         apitest.HalfCloseAfterEvents(2),
		"ended in good order": apitest.CloseAfterEvents(2),
		"ended by an error":   apitest.FailAfterEvents(2, fmt.Errorf("sick")),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, from := serve(t, 10)
				initial := apitest.Match{Resource: "configmaps", Verb: "watch", Func: func(r *apitest.Request) bool { return r.Query.Get("sendInitialEvents") == "true" }}
				server.Inject(apitest.Fault{On: initial, Do: fault})
				logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true), ktesting.Verbosity(0)))
				r, sink := follow(t, klog.NewContext(t.Context(), logger), from, reflector.Options{})
				time.Sleep(2 * time.Minute)
				s := r.Status()
				if s.Phase != reflector.Watching || !s.NoStreaming || len(sink.objects) != 10 {
					t.Errorf("status %+v, %d objects", s, len(sink.objects))
				}
				if n := len(server.Requests(initial)); n != 5 {
					t.Errorf("%d streams of the initial state were asked for", n)
				}
				failures := 0
				for _, n := range s.Failures {
					failures += n
				}
				if failures != 5 {
					t.Errorf("failures counted: %v", s.Failures)
				}
				server.Inject(apitest.Fault{On: apitest.Match{Resource: "configmaps", Verb: "watch"}, Times: 1, Do: apitest.Expired()})
				server.CutConnections()
				time.Sleep(time.Minute)
				if s := r.Status(); s.Reads["expired"] != 1 || s.Phase != reflector.Watching || len(server.Requests(initial)) != 5 {
					t.Errorf("when the state was read again: %+v", s)
				}
				log := logger.GetSink().(ktesting.Underlier).GetBuffer().String()
				if n := strings.Count(log, "The server does not stream initial states"); n != 1 {
					t.Errorf("the log says it %d times:\n%s", n, log)
				}
			})
		})
	}
}
