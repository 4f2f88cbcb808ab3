package shard

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// crew is a group of replicas on one server, in fake time, and a chronicler who looks at all of them at one instant.
type crew struct {
	t       *testing.T
	server  *apitest.Server
	opts    Options
	random  *rand.Rand
	objects []resource.Key
	wg      sync.WaitGroup

	mu      sync.Mutex // owns all below
	members []*member
	working map[int]*member // by shard
	log     []string
	begun   time.Time
}

// slowest is how long work may need to stop so that it ends before another's can begin, even if its shard was lost.
const slowest = time.Second

// member is a replica of a crew.
type member struct {
	*Replica
	client *rest.Client
	link   *link
	stop   context.CancelFunc
	over   chan struct{} // closed when Run has returned
	err    error         // valid then
	killed bool
	left   bool // was told to stop
	cut    bool // was cut off at some time: a Lease may have had to expire
	drain  time.Duration
}

func newCrew(t *testing.T, seed uint64, opts Options) *crew {
	c := &crew{
		t: t, opts: opts, random: rand.New(rand.NewPCG(seed, 0)), working: map[int]*member{}, begun: time.Now(),
		server: apitest.New(apitest.Options{InMemory: true, NoCompression: true, Seed: int64(seed)}).Start(t),
	}
	for i := range 40 {
		c.objects = append(c.objects, resource.Key{Namespace: fmt.Sprint(i, "-tenant"), Name: "x"})
	}
	t.Cleanup(c.end)
	return c
}

// join starts a replica.
func (c *crew) join(name string) *member {
	c.t.Helper()
	m := c.recruit(name)
	c.start(m)
	return m
}

// recruit makes a replica that does not run yet.
func (c *crew) recruit(name string) *member {
	c.t.Helper()
	m := &member{over: make(chan struct{}), drain: time.Duration(c.random.Int64N(int64(slowest)))}
	config := c.server.Config()
	config.WrapTransport = func(through http.RoundTripper) http.RoundTripper {
		m.link = &link{through: through}
		return m.link
	}
	var err error
	if m.client, err = rest.NewClient(config); err != nil {
		c.t.Fatal(err)
	}
	opts := c.opts
	opts.Election.Identity = name
	m.Replica, err = New(m.client, "default", "crew", Callbacks{
		OnAcquired: func(ctx context.Context, s Shard) { c.work(ctx, m, s) },
	}, opts)
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *crew) start(m *member) {
	ctx, cancel := context.WithCancel(klog.NewContext(context.Background(), klog.Logger{}))
	m.stop = cancel
	c.mu.Lock()
	c.members = append(c.members, m)
	c.note("%s joins", m.group.identity)
	c.mu.Unlock()
	c.wg.Go(func() {
		defer close(m.over)
		m.err = m.Run(ctx)
	})
}

// work is a replica's on a shard, which needs a moment to stop.
func (c *crew) work(ctx context.Context, m *member, s Shard) {
	token, fenced := leaderelection.Token(ctx)
	c.mu.Lock()
	if other := c.working[s.Index]; other != nil && !other.killed && other.drain <= slowest {
		c.fault("%s begins on %v while %s works on it", m.group.identity, s, other.group.identity)
	}
	if !fenced || token == "" {
		c.fault("%s works on %v without a token", m.group.identity, s)
	}
	c.note("%s begins on %d", m.group.identity, s.Index)
	c.working[s.Index] = m
	c.mu.Unlock()
	<-ctx.Done()
	time.Sleep(m.drain)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note("%s ends on %d: %v", m.group.identity, s.Index, context.Cause(ctx))
	if c.working[s.Index] == m {
		delete(c.working, s.Index)
	}
}

// look counts who owns each object at this instant, and returns how many objects nobody owns.
func (c *crew) look() (orphans int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.objects {
		owner := ""
		for _, m := range c.members {
			if m.killed || !m.Owns(o, "") {
				continue
			}
			if owner != "" {
				c.fault("%s is owned by %s and by %s", o, owner, m.group.identity)
			}
			owner = m.group.identity
		}
		if owner == "" {
			orphans++
		}
	}
	return orphans
}

// alive returns the replicas that take part.
func (c *crew) alive() (out []*member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		if !m.killed && !m.left {
			out = append(out, m)
		}
	}
	return out
}

// settled says whether each shard is owned, fairly.
func (c *crew) settled() bool {
	owned, alive := 0, c.alive()
	for _, m := range alive {
		n := m.owned()
		if least := c.opts.Shards / len(alive); n < least || n > least+1 {
			return false
		}
		owned += n
	}
	return owned == c.opts.Shards
}

func (m *member) owned() (n int) {
	for _, s := range m.Status().Shards {
		if s.Owned && !s.Stopping {
			n++
		}
	}
	return n
}

// settle waits until all is owned and shared out, looking all the time, and returns how long it took.
func (c *crew) settle(within time.Duration) time.Duration {
	c.t.Helper()
	begin := time.Now()
	for !c.settled() {
		if took := time.Since(begin); took > within {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.fault("not settled after %v", took)
			for _, m := range c.members {
				c.note("%s (killed %v, left %v) owns %d: %+v", m.group.identity, m.killed, m.left, m.owned(), m.Status())
			}
			return took
		}
		c.look()
		time.Sleep(50 * time.Millisecond)
	}
	return time.Since(begin)
}

// kill ends a replica without a last word.
func (c *crew) kill(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note("%s is killed", m.group.identity)
	m.killed = true
	m.link.close(true)
}

// leave ends a replica in good order.
func (c *crew) leave(m *member) {
	c.mu.Lock()
	c.note("%s leaves", m.group.identity)
	m.left = true
	c.mu.Unlock()
	m.stop()
}

// note and fault need mu.
func (c *crew) note(format string, args ...any) {
	c.log = append(c.log, time.Since(c.begun).String()+" "+fmt.Sprintf(format, args...))
}

func (c *crew) fault(format string, args ...any) {
	c.note("FAULT: "+format, args...)
	c.t.Errorf(format, args...)
}

// end stops all replicas.
func (c *crew) end() {
	for _, m := range c.members {
		m.stop()
	}
	for _, m := range c.members {
		if !m.killed {
			m.link.open()
		}
	}
	c.wg.Wait()
	for _, m := range c.members {
		m.link.open()
		m.client.CloseIdle()
		if m.err != nil && !m.killed && !m.cut {
			c.t.Errorf("%s ended with %v", m.group.identity, m.err)
		}
	}
	if c.t.Failed() {
		for _, line := range c.log {
			c.t.Log(line)
		}
	}
}
