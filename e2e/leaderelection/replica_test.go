package leaderelection_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/leaderelection/shard"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

const (
	killedShards   = 6
	killedLabel    = "killed"
	reportInterval = 10 * time.Millisecond
)

// replica is a process that has a part of the objects until it is told to stop. It prints again and again which shards it owns, with which token, and
// how many objects of each it sees; before that, when it looked, and then when it had looked.
func replica(ctx context.Context, name string, client *rest.Client) error {
	var mu sync.Mutex // owns seen
	seen := map[int]func() int{}
	r, err := shard.New(client, "default", "killed", shard.Callbacks{
		OnAcquired: func(ctx context.Context, s shard.Shard) {
			informer := shard.Informer(client, core.ConfigMaps, "", s, cache.Options{})
			mu.Lock()
			seen[s.Index] = count(informer)
			mu.Unlock()
			_ = informer.Run(ctx)
		},
		OnReleased: func(s shard.Shard) {
			mu.Lock()
			defer mu.Unlock()
			delete(seen, s.Index)
		},
	}, shard.Options{Shards: killedShards, Sample: shard.Namespaces(client), Election: times(name)})
	if err != nil {
		return err
	}
	return meanwhile(func() error { return r.Run(ctx) }, reportInterval, func() {
		from := time.Now()
		shards := r.Status().Shards
		to := time.Now()
		mu.Lock()
		counts := maps.Clone(seen)
		mu.Unlock()
		fmt.Println(report(from, to, shards, counts))
	})
}

// count returns a function that says how many of the test's objects an informer has.
func count(informer informers.Informer[*corev1.ConfigMap]) func() int {
	ours := labels.SelectorFromSet(labels.Set{"sharded": killedLabel})
	return func() int { return len(informer.Lister().List(ours)) }
}

func report(from, to time.Time, shards []shard.ShardStatus, counts map[int]func() int) string {
	var b strings.Builder
	fmt.Fprint(&b, from.UnixNano(), " ", to.UnixNano())
	for _, one := range shards {
		if one.Owned {
			objects := 0
			if n := counts[one.Shard.Index]; n != nil {
				objects = n()
			}
			fmt.Fprintf(&b, " %d:%s:%d", one.Shard.Index, one.Token, objects)
		}
	}
	return b.String()
}

// ownership is the time during which a process has owned a shard by one token: at least from since until until.
type ownership struct {
	shard        int
	token        string
	by           *owner
	since, until time.Time
	objects      int // seen at last
}

// owner is a replica's process, and what it has said.
type owner struct {
	*process

	mu   sync.Mutex            // owns all below
	all  map[string]*ownership // by token
	has  map[int]*ownership    // by shard
	last time.Time             // when it last looked
}

// join starts a replica.
func join(t *testing.T, name string) *owner {
	t.Helper()
	o := &owner{all: map[string]*ownership{}}
	o.process = start(t, "replica", name, o.take)
	return o
}

func (o *owner) take(line string) {
	words := strings.Fields(line)
	var from, to int64
	if _, err := fmt.Sscan(line, &from, &to); err != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.has, o.last = map[int]*ownership{}, time.Unix(0, from)
	for _, word := range words[2:] {
		parts := strings.Split(word, ":")
		var now ownership
		if _, err := fmt.Sscan(strings.Join(parts, " "), &now.shard, &now.token, &now.objects); err != nil {
			panic(line)
		}
		own := o.all[now.token]
		if own == nil {
			own = &ownership{shard: now.shard, token: now.token, by: o, since: time.Unix(0, to)}
			o.all[now.token] = own
		}
		own.until, own.objects = o.last, now.objects
		o.has[now.shard] = own
	}
}

// owns returns what the process owned when it last looked.
func (o *owner) owns() map[int]ownership {
	o.mu.Lock()
	defer o.mu.Unlock()
	owned := map[int]ownership{}
	for i, own := range o.has {
		owned[i] = *own
	}
	return owned
}

// looked returns when the process last looked.
func (o *owner) looked() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// history returns all that the process has owned.
func (o *owner) history() (all []ownership) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, own := range o.all {
		all = append(all, *own)
	}
	return all
}
