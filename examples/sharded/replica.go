package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/controller"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/leaderelection/shard"
	"github.com/sheaf-dev/sheaf/resource"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

const (
	namespace = "default"
	group     = "sharded-example"
	shards    = 8
)

// replica is one process of the controller, or what would be one.
type replica struct {
	name   string
	client *rest.Client
	shards *shard.Replica
	leader *leaderelection.Elector
	news   chan shard.Status // the newest that was not reported
	books  *ledger
	out    io.Writer
}

func newReplica(name string, client *rest.Client, books *ledger, out io.Writer) (_ *replica, err error) {
	r := &replica{name: name, client: client, news: make(chan shard.Status, 1), books: books, out: out}
	// Much shorter than usual, so that one need not wait long to see something.
	times := leaderelection.Options{Identity: name, LeaseDuration: 2 * time.Second}
	r.shards, err = shard.New(client, namespace, group, shard.Callbacks{
		OnAcquired: r.work,
		OnReleased: func(s shard.Shard) { books.released(name, s.Index) },
		OnChange:   r.changed,
	}, shard.Options{Shards: shards, Sample: shard.Namespaces(client), Election: times})
	if err != nil {
		return nil, err
	}
	r.leader, err = leaderelection.New(leaderelection.LeasesIn(client, namespace), group+"-reporter", leaderelection.Callbacks{
		OnStartedLeading: r.report,
	}, times)
	return r, err
}

// run takes part until ctx ends. Then the shards are given up, each when its work has stopped.
func (r *replica) run(ctx context.Context) error {
	var wg sync.WaitGroup
	var report error
	wg.Go(func() { report = r.leader.Run(ctx) })
	err := r.shards.Run(ctx)
	wg.Wait()
	return errors.Join(err, report)
}

// work is what is done for one shard while this replica owns it: a whole controller, of the shard's objects alone.
func (r *replica) work(ctx context.Context, s shard.Shard) {
	token, _ := leaderelection.Token(ctx) // a system outside Kubernetes would be given it with each write
	r.books.acquired(r.name, s.Index, token)
	configMaps := shard.Informer(r.client, core.ConfigMaps, "", s, cache.Options{})
	c := controller.New(fmt.Sprintf("configmaps of shard %d", s.Index), func(_ context.Context, key resource.Key) (controller.Result, error) {
		o, err := configMaps.Lister().Get(key)
		if err != nil {
			return controller.Result{}, nil // gone
		}
		return controller.Result{}, r.reconcile(o, s)
	}, controller.Options{}, controller.For(configMaps))
	var wg sync.WaitGroup
	wg.Go(func() { _ = configMaps.Run(ctx) })
	if err := c.Run(ctx); err != nil {
		klog.FromContext(ctx).Error(err, "The shard's controller ended")
	}
	wg.Wait()
}

// reconcile would make the world as the object wants it.
func (r *replica) reconcile(o *corev1.ConfigMap, s shard.Shard) error {
	if !r.shards.Owns(resource.KeyOf(o), o.UID) {
		return fmt.Errorf("%s is no longer this replica's", resource.KeyOf(o))
	}
	r.books.reconciled(r.name, resource.KeyOf(o), s.Index)
	return nil
}

// changed keeps the newest status for the report.
func (r *replica) changed(s shard.Status) {
	select {
	case <-r.news:
	default:
	}
	r.news <- s
}

// quiet is for how long nothing has changed when it is reported: moving some shards takes a few steps.
const quiet = 100 * time.Millisecond

// report is the work of the leader: to print who owns what, whenever that has changed.
func (r *replica) report(ctx context.Context) {
	fmt.Fprintf(r.out, "%s was elected to report\n", r.name)
	news, told := "", ""
	for {
		select {
		case s := <-r.news:
			news = describe(s)
		case <-time.After(quiet):
			if news != told {
				told = news
				fmt.Fprintf(r.out, "%s reports %s", r.name, news)
			}
		case <-ctx.Done():
			return
		}
	}
}

// describe draws who has which shards, a line for each replica:
//
//	2 replicas:
//	    anna   0 . . 3
//	    ben    . 1 2 .
func describe(s shard.Status) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n", count(len(s.Replicas)))
	for _, name := range s.Replicas {
		fmt.Fprintf(&b, "    %-5s ", name)
		for _, one := range s.Shards {
			if one.Holder == name {
				fmt.Fprint(&b, " ", one.Shard.Index)
			} else {
				fmt.Fprint(&b, " .")
			}
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func count(replicas int) string {
	if replicas == 1 {
		return "1 replica"
	}
	return fmt.Sprint(replicas, " replicas")
}
