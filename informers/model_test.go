package informers_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

var (
	modelSeeds = flag.Int("model.seeds", 0, "how many random programs to run (0: as many as fit into a test run)")
	modelSeed  = flag.Uint64("model.seed", 0, "the one random program to run (0: all)")
	modelFor   = flag.Duration("model.for", 0, "run random programs for so long, whatever model.seeds says")
	modelTrace = flag.Bool("model.trace", false, "print each step of the programs")
)

// TestAnyProgramOfChangesAndFaultsEndsWithTheServersState runs random programs, each in fake time against a server with faults. Afterwards
// the cache must equal the server, and each handler must have been told a legal and complete sequence. A program is its seed:
// -model.seed repeats one.
func TestAnyProgramOfChangesAndFaultsEndsWithTheServersState(t *testing.T) {
	seeds := *modelSeeds
	if seeds == 0 {
		seeds = defaultSeeds
	}
	if *modelSeed != 0 {
		t.Run(fmt.Sprint(*modelSeed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runProgram(t, *modelSeed, &met{counts: map[string]int{}}) })
		})
		return
	}
	var next atomic.Uint64
	begin, all := time.Now(), &met{counts: map[string]int{}}
	t.Cleanup(func() { // when the shards are through
		if uint64(seeds) >= enoughSeeds && !t.Failed() {
			all.check(t)
		}
	})
	for shard := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprint("shard", shard), func(t *testing.T) {
			t.Parallel()
			for !t.Failed() {
				seed := next.Add(1)
				if *modelFor == 0 && seed > uint64(seeds) || *modelFor > 0 && time.Since(begin) > *modelFor {
					return
				}
				synctest.Test(t, func(t *testing.T) { runProgram(t, seed, all) })
				if t.Failed() {
					t.Logf("seed %d failed; repeat it with -model.seed %d -model.trace", seed, seed)
				}
			}
		})
	}
}

// program is one random program while it runs.
type program struct {
	*rand.Rand
	t        *testing.T
	seed     uint64
	server   *apitest.Server
	objects  apitest.Objects[*v1.ConfigMap]
	informer informers.Informer[*v1.ConfigMap]
	read     []string // the namespaces; none: all
	handlers []*modelHandler
	faults   []injected
	met      *met
	failures atomic.Int64 // that the informer has reported
	checked  bool         // the informer's invariants are checked after each step
	versions []string     // that the server once had
	restored bool
	newest   string // the newest version before it was restored
	value    int
}

func runProgram(t *testing.T, seed uint64, all *met) {
	p := &program{Rand: rand.New(rand.NewPCG(seed, 42)), t: t, seed: seed, met: all, checked: seed%2 == 0}
	p.server = apitest.New(apitest.Options{InMemory: true, CreateNamespaces: true, Seed: int64(seed), NoCompression: p.IntN(4) > 0, BookmarkInterval: p.between(10*time.Second, 2*time.Minute)})
	p.objects = apitest.In(p.server, corev1.ConfigMaps)
	serverCtx, stopServer := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := p.server.Run(serverCtx); err != nil {
			t.Error(err)
		}
	}()
	config := p.server.Config()
	if p.IntN(3) == 0 {
		config.ContentType = rest.ContentTypeJSON
	}
	client, err := rest.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	for range p.IntN(12) {
		p.change()
	}
	factory := p.factory(client)
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	factory.Start(ctx)
	for range 10 + p.IntN(40) {
		p.step()
		p.checkStep()
	}
	p.finish()
	status := p.informer.Status()
	p.tally(status)
	cancel()
	factory.Shutdown()
	if p.check(); t.Failed() {
		t.Logf("seed %d: %s\n%+v", seed, status, status)
		p.requests()
	}
	client.CloseIdle()
	stopServer()
	<-served
}

// requests prints what the informer asked for.
func (p *program) requests() {
	if *modelTrace {
		for _, r := range p.server.Requests(apitest.Match{Resource: "configmaps"}) {
			p.t.Logf("%s %s %s %v: %d", r.Time.Format("15:04:05.000"), r.Verb, r.Path, r.Query, r.Code)
		}
	}
}

func (p *program) between(a, b time.Duration) time.Duration {
	return a + time.Duration(p.Int64N(int64(b-a)))
}

func (p *program) trace(format string, args ...any) {
	if *modelTrace {
		p.t.Logf("%s "+format, append([]any{time.Now().Format("15:04:05.000")}, args...)...)
	}
}

// factory makes the informer, with random options, and its handlers.
func (p *program) factory(client *rest.Client) *informers.SharedInformerFactory {
	opts := informers.Options{}
	opts.Cache.Reflector.NoStreaming = p.IntN(3) == 0
	opts.Cache.Reflector.PageSize = int64(p.IntN(3))
	opts.Cache.Reflector.Random = p.random()
	opts.Cache.Reflector.OnFailure = func(*reflector.Failure) { p.failures.Add(1) }
	opts.Cache.QueueBytes = []int{0, 500}[p.IntN(2)]
	opts.Cache.JournalBytes = []int64{0, 20_000}[p.IntN(2)]
	if p.IntN(4) == 0 {
		opts.Namespaces = []string{"a", "b", "c"}[:1+p.IntN(3)]
		opts.SingleWatch = p.IntN(2) == 0
	}
	p.read = opts.Namespaces
	if p.IntN(2) == 0 {
		opts.Transform = informers.TransformOf(p.transform)
	}
	factory := informers.NewSharedInformerFactory(client, opts)
	p.informer = informers.For(factory, corev1.ConfigMaps)
	p.add(&modelHandler{name: "reference"}, cache.HandlerOptions{})
	p.add(&modelHandler{name: "slow", random: rand.New(rand.NewPCG(p.seed, 1)), pause: p.between(0, 3*time.Second)}, cache.HandlerOptions{})
	p.add(&modelHandler{name: "coalesced", random: rand.New(rand.NewPCG(p.seed, 2)), pause: p.between(0, 3*time.Second)},
		cache.HandlerOptions{Coalesce: true, DropUnseen: p.IntN(2) == 0})
	p.add(&modelHandler{name: "resync"}, cache.HandlerOptions{Resync: p.between(time.Second, time.Minute)})
	p.trace("options %+v", opts)
	return factory
}

func unlucky(o *v1.ConfigMap) bool { return strings.HasSuffix(o.Data["value"], "3") }

// random returns a source of random numbers of its own for the informer, so that a program repeats itself.
func (p *program) random() func(int64) int64 {
	var mu sync.Mutex // owns random
	random := rand.New(rand.NewPCG(p.seed, 4))
	return func(n int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Int64N(n)
	}
}

// transform refuses some values, and changes others in a way that shows whether it ran twice.
func (p *program) transform(o *v1.ConfigMap) (*v1.ConfigMap, error) {
	if unlucky(o) {
		return nil, fmt.Errorf("unlucky value")
	}
	if o.Annotations["transformed"] != "" {
		p.t.Errorf("seed %d: %s was transformed twice", p.seed, resource.KeyOf(o))
	}
	metav1.SetMetaDataAnnotation(&o.ObjectMeta, "transformed", "yes")
	return o, nil
}

func (p *program) add(h *modelHandler, opts cache.HandlerOptions) {
	h.known, h.dropUnseen = map[resource.Key]*v1.ConfigMap{}, opts.DropUnseen
	opts.Name = h.name
	r, err := p.informer.AddEventHandler(h, opts)
	if err != nil {
		p.t.Fatal(err)
	}
	h.registration = r
	p.handlers = append(p.handlers, h)
}

// step does one random thing.
func (p *program) step() {
	switch n := p.IntN(100); {
	case n < 45:
		for range 1 + p.IntN(5) {
			p.change()
		}
	case n < 65:
		d := p.between(0, 90*time.Second)
		p.trace("sleep %v", d)
		time.Sleep(d)
	case n < 68:
		time.Sleep(p.between(time.Minute, 10*time.Minute))
	case n < 70:
		synctest.Wait()
	case n < 88:
		p.inject()
	case n < 92:
		p.disturb()
	case n < 95 && len(p.faults) > 0:
		p.faults[p.IntN(len(p.faults))].Remove()
	case n < 97 && len(p.handlers) < 8:
		p.trace("a late handler")
		p.add(&modelHandler{name: "late", random: rand.New(rand.NewPCG(p.seed, 3)), pause: p.between(0, time.Second)}, cache.HandlerOptions{Coalesce: p.IntN(3) == 0})
	case n < 98:
		h := p.handlers[p.IntN(len(p.handlers))]
		if h.name == "late" {
			h.registration.Remove()
			h.removed = true
		}
	}
}

// change changes one object.
func (p *program) change() {
	key := resource.Key{Namespace: string(rune('a' + p.IntN(4))), Name: fmt.Sprint("object", p.IntN(5))}
	p.value++
	value := fmt.Sprint(strings.Repeat("x", p.IntN(3)*p.IntN(200)), p.value)
	switch n := p.IntN(10); {
	case n < 6:
		p.put(key, value)
	case n < 8:
		p.trace("delete %s: %v", key, p.objects.Remove(key))
	default:
		err := p.objects.Remove(key)
		p.trace("recreate %s: %v", key, err)
		p.put(key, value)
	}
	p.versions = append(p.versions, p.server.ResourceVersion())
}

func (p *program) put(key resource.Key, value string) {
	o := corev1.ConfigMaps.New()
	o.Namespace, o.Name, o.Data = key.Namespace, key.Name, map[string]string{"value": value}
	if old, err := p.objects.Get(key); err == nil {
		o.UID, o.CreationTimestamp = old.UID, old.CreationTimestamp
	}
	err := p.objects.Put(o)
	p.trace("put %s=%s: %v, now at %s", key, value, err, p.server.ResourceVersion())
	if err != nil {
		p.t.Fatal(err)
	}
}
