package reflector_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// opening reads a server's collection page by page, and counts the pages that are open.
type opening struct {
	source
	open, most atomic.Int32
}

func (o *opening) Open(ctx context.Context, opts metav1.ListOptions) (reflector.Page, error) {
	o.most.Store(max(o.most.Load(), o.open.Add(1)))
	page, err := o.source.Page(ctx, opts)
	if err != nil {
		o.open.Add(-1)
		return nil, err
	}
	return &openPage{page, o}, nil
}

type openPage struct {
	*rest.Page
	of *opening
}

func (p *openPage) Close() {
	p.Page.Close()
	p.of.open.Add(-1)
}

// slowSink takes its time for each item of a list, and keeps the names in their order.
type slowSink struct {
	*state
	each  time.Duration
	mu    sync.Mutex // owns names
	names []string   // of the state that was committed last
}

func (s *slowSink) Replace() reflector.Replacement {
	return &slowReplacement{Replacement: s.state.Replace(), sink: s}
}

type slowReplacement struct {
	reflector.Replacement
	sink  *slowSink
	names []string
}

func (r *slowReplacement) Item(item decode.Item) {
	time.Sleep(r.sink.each)
	r.names = append(r.names, item.Object.GetName())
	r.Replacement.Item(item)
}

func (r *slowReplacement) Truncate(n int) {
	r.names = r.names[:n]
	r.Replacement.Truncate(n)
}

func (r *slowReplacement) Commit(ctx context.Context, version string) error {
	r.sink.mu.Lock()
	r.sink.names = r.names
	r.sink.mu.Unlock()
	return r.Replacement.Commit(ctx, version)
}

// pager is a reflector that reads a server's ten objects in pages of two, five seconds an object.
type pager struct {
	*reflector.Reflector
	server *apitest.Server
	source *opening
	sink   *slowSink
	began  time.Time

	mu     sync.Mutex // owns failed
	failed []*reflector.Failure
}

// startPages runs one until the test ends or stop is called. Where ahead is false, its source cannot open pages ahead.
func startPages(t *testing.T, ahead bool, faults ...apitest.Fault) (p *pager, stop func()) {
	t.Helper()
	server, from := serve(t, 10)
	for _, f := range faults {
		server.Inject(f)
	}
	p = &pager{server: server, source: &opening{source: from}, began: time.Now()}
	p.sink = &slowSink{state: &state{objects: map[resource.Key]string{}}, each: 5 * time.Second}
	var source reflector.ListerWatcher = p.source
	if !ahead {
		source = from
	}
	p.Reflector = reflector.New(source, p.sink, reflector.Options{
		NoStreaming: true, PageSize: 2, Backoff: func(int) time.Duration { return time.Second },
		OnFailure: func(f *reflector.Failure) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = append(p.failed, f)
		},
	})
	ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return p, stop
}

// lists are the requests of pages: when they came and what they asked for.
func (p *pager) lists() (after []time.Duration, asked []url.Values) {
	for _, r := range p.server.Requests(apitest.Match{Verb: "list"}) {
		after = append(after, r.Time.Sub(p.began))
		asked = append(asked, r.Query)
	}
	return after, asked
}

// failures are those that were reported, as far as they must not depend on when the request went out.
func (p *pager) failures() (seen []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.failed {
		seen = append(seen, fmt.Sprintf("%v %v %d retry in %v", f.Doing, f.Class, f.Count, f.RetryIn))
	}
	return seen
}

// complete fails the test if not all objects were read, once and in order, or if a page is still open.
func (p *pager) complete(t *testing.T) {
	t.Helper()
	p.sink.mu.Lock()
	defer p.sink.mu.Unlock()
	want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	if !slices.Equal(p.sink.names, want) {
		t.Errorf("the sink has %v, failures %v", p.sink.names, p.failures())
	}
	if open, most := p.source.open.Load(), p.source.most.Load(); open != 0 || most > 2 {
		t.Errorf("%d pages are open, at most there were %d", open, most)
	}
}

// pageOf selects the requests of a page by its number. It is for one server.
func pageOf(n int) apitest.Match {
	var mu sync.Mutex // owns numbers
	numbers := map[string]int{}
	return apitest.Match{Verb: "list", Func: func(r *apitest.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		token := r.Query.Get("continue")
		if _, known := numbers[token]; !known {
			numbers[token] = len(numbers) + 1
		}
		return numbers[token] == n
	}}
}

func delayed(d time.Duration) apitest.Fault {
	return apitest.Fault{On: apitest.Match{Verb: "list"}, Do: apitest.Delay(d)}
}

func TestTheNextPageIsAskedForWhileTheItemsOfThisOneAreDecoded(t *testing.T) {
	for answer, c := range map[time.Duration]struct {
		took  time.Duration
		after []time.Duration // the requests
	}{
		// Two items take ten seconds: the first answer, and then five times what takes longer, of which the last is a decoding.
		10 * time.Second: {60 * time.Second, []time.Duration{0, 10 * time.Second, 20 * time.Second, 30 * time.Second, 40 * time.Second}},
		4 * time.Second:  {54 * time.Second, []time.Duration{0, 4 * time.Second, 14 * time.Second, 24 * time.Second, 34 * time.Second}},
		15 * time.Second: {85 * time.Second, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second, 60 * time.Second}},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, _ := startPages(t, true, delayed(answer))
			time.Sleep(5 * time.Minute)
			p.complete(t)
			after, asked := p.lists()
			if took := p.Status().ReadTime; took != c.took || !slices.Equal(after, c.after) {
				t.Errorf("answers after %v: it took %v, the requests came after %v", answer, took, after)
			}
			for _, q := range asked[1:] {
				if q.Get("continue") == "" || q.Get("limit") != "2" || q.Has("resourceVersion") || q.Has("resourceVersionMatch") {
					t.Errorf("a further page was asked for with %v", q)
				}
			}
			if f := p.failures(); len(f) != 0 {
				t.Errorf("failures %v", f)
			}
		})
	}
}

func TestWhatGoesWrongAheadGoesWrongWhenItsTurnComes(t *testing.T) {
	for name, c := range map[string]struct {
		page, times int
		do          apitest.Action
	}{
		"expired":            {3, 1, apitest.Expired()},
		"cut in the middle":  {3, 1, apitest.CutAfterBytes(150)},
		"throttled":          {3, 2, apitest.TooManyRequests(7 * time.Second)},
		"unavailable":        {3, 1, apitest.Unavailable(0)},
		"last page":          {5, 1, apitest.Fail(errors.New("sick"))},
		"stalled, no header": {3, 1, apitest.Delay(time.Hour)},
		"stalled":            {3, 1, apitest.StallAfterBytes(150)},
		"the page before it": {2, 1, apitest.CutAfterBytes(250)},
	} {
		t.Run(name, func(t *testing.T) {
			failures, asked := map[bool][]string{}, map[bool]int{}
			for _, ahead := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					p, _ := startPages(t, ahead, apitest.Fault{On: pageOf(c.page), Times: c.times, Do: c.do}, delayed(time.Second))
					time.Sleep(10 * time.Minute)
					p.complete(t)
					_, lists := p.lists()
					failures[ahead], asked[ahead] = p.failures(), len(lists)
				})
			}
			if len(failures[false]) != c.times || !slices.Equal(failures[true], failures[false]) {
				t.Errorf("ahead: %v\nin turn: %v", failures[true], failures[false])
			}
			// Where a page breaks after its token, the next one was asked for in vain.
			if more := asked[true] - asked[false]; more < 0 || more > 1 {
				t.Errorf("ahead there were %d requests, in turn %d", asked[true], asked[false])
			}
		})
	}
}

func TestAfterAPageFailedAheadTheOthersOfTheListAreAskedForInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := startPages(t, true, apitest.Fault{On: pageOf(2), Times: 1, Do: apitest.Unavailable(0)})
		time.Sleep(5 * time.Minute)
		p.complete(t)
		// The answers come at once. The second page is asked for ahead, again after the back-off, and what follows after its items.
		want := []time.Duration{0, 0, 11 * time.Second, 21 * time.Second, 31 * time.Second, 41 * time.Second}
		if after, _ := p.lists(); !slices.Equal(after, want) {
			t.Errorf("the requests came after %v", after)
		}
	})
}

func TestAnAnswerThatWaitsForItsTurnIsNotStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := startPages(t, true)
		stop()
		p.sink.each = time.Minute
		r := reflector.New(p.source, p.sink, reflector.Options{NoStreaming: true, PageSize: 2, Progress: 10 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		time.Sleep(10*time.Minute + time.Second)
		cancel()
		running.Wait()
		p.complete(t)
		if s := r.Status(); len(s.Failures) != 0 || s.ReadTime != 10*time.Minute {
			t.Errorf("failures %v, it took %v", s.Failures, s.ReadTime)
		}
	})
}

func TestARunThatEndsLeavesNoPageBehind(t *testing.T) {
	for name, after := range map[string]time.Duration{
		"before the first answer":              time.Second,
		"while the next one is on its way":     5 * time.Second,
		"while the next one waits, in item 1":  8 * time.Second,
		"while the next one waits, in item 2":  12 * time.Second,
		"while the last but one is decoded":    38 * time.Second,
		"while the last is decoded, alone now": 45 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, stop := startPages(t, true, delayed(3*time.Second))
				time.Sleep(after)
				stop()
				if open := p.source.open.Load(); open != 0 {
					t.Errorf("%d pages are open", open)
				}
				if len(p.sink.names) != 0 || len(p.failures()) != 0 {
					t.Errorf("the sink has %v, failures %v", p.sink.names, p.failures())
				}
				synctest.Wait()
				for _, r := range p.server.Requests(apitest.Match{Verb: "list"}) {
					if !r.Done {
						t.Errorf("the server still answers %s", r.Query.Encode())
					}
				}
			})
		})
	}
}
