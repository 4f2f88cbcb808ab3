package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

var single = flag.String("replica", "", "be one replica of this `name`, beside those of other processes")

func main() { run.Main(sharded, run.Others{Before: tenants}) }

// tenants makes two objects in each of thirty namespaces.
func tenants(ctx context.Context, client *rest.Client) error {
	for i := range 30 {
		name := fmt.Sprintf("tenant-%02d", i)
		_, err := typed.For(client, core.Namespaces).Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
		for _, object := range []string{"settings", "limits"} {
			o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: object}}
			if _, err := typed.For(client, core.ConfigMaps).Namespace(name).Create(ctx, o, metav1.CreateOptions{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// crew is the replicas in this process.
type crew struct {
	config *rest.Config
	books  *ledger
	out    io.Writer
	wg     sync.WaitGroup

	mu   sync.Mutex // owns errs
	errs []error
}

// member is how to stop a replica, in good order or by taking its connection away.
type member struct {
	stop context.CancelFunc
	cut  atomic.Bool
}

var errCut = errors.New("the connection is down")

// join starts a replica.
func (c *crew) join(ctx context.Context, name string) (*member, error) {
	m := &member{}
	config := *c.config
	config.WrapTransport = func(next http.RoundTripper) http.RoundTripper { return wire{next, m} }
	client, err := rest.NewClient(&config)
	if err != nil {
		return nil, err
	}
	r, err := newReplica(name, client, c.books, c.out)
	if err != nil {
		return nil, err
	}
	ctx, m.stop = context.WithCancel(ctx)
	fmt.Fprintf(c.out, "%s comes\n", name)
	c.wg.Go(func() {
		defer client.CloseIdle()
		if err := r.run(ctx); err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.errs = append(c.errs, err)
		}
	})
	return m, nil
}

// wire is a replica's way to the server.
type wire struct {
	next   http.RoundTripper
	member *member
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.member.cut.Load() {
		return nil, errCut
	}
	return w.next.RoundTrip(r)
}

func sharded(ctx context.Context, config *rest.Config, out io.Writer) error {
	c := &crew{config: config, books: newLedger(out), out: out}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if *single == "" {
		ctx = klog.NewContext(ctx, klog.Logger{}) // what the packages log would drown what the replicas tell
	}
	err := c.play(ctx)
	cancel()
	c.wg.Wait()
	fmt.Fprintln(out, c.books.summary())
	return errors.Join(append(c.errs, err)...)
}

// play is what happens, for eight seconds; or a single replica, until ctx ends.
func (c *crew) play(ctx context.Context) error {
	if *single != "" {
		_, err := c.join(ctx, *single)
		if err == nil {
			<-ctx.Done()
		}
		return err
	}
	members := map[string]*member{}
	for _, name := range []string{"anna", "ben"} {
		m, err := c.join(ctx, name)
		if err != nil {
			return err
		}
		members[name] = m
		run.Pause(ctx, time.Second)
	}
	if _, err := c.join(ctx, "cleo"); err != nil || !run.Pause(ctx, time.Second) {
		return err
	}
	fmt.Fprintln(c.out, "anna leaves")
	members["anna"].stop()
	run.Pause(ctx, time.Second)
	fmt.Fprintln(c.out, "ben loses its connection")
	members["ben"].cut.Store(true)
	run.Pause(ctx, 3*time.Second)
	fmt.Fprintln(c.out, "ben has its connection again")
	members["ben"].cut.Store(false)
	run.Pause(ctx, time.Second)
	return nil
}
