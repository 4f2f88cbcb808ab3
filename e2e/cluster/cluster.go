package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sheaf-dev/sheaf/e2e/internal/port"
)

// A Cluster is an API server and its etcd. Its methods may be called
// concurrently, except for those that stop and start a server, which must not
// overlap one another.
type Cluster struct {
	// URL is where the API server serves, https://127.0.0.1:port; it stays the
	// same over restarts.
	URL string

	// CA is the authority, in PEM, that signed the API server's certificate.
	CA []byte

	// EtcdURL is where etcd serves, http://127.0.0.1:port.
	EtcdURL string

	// Dir holds the data of both servers and their logs, kube-apiserver.log
	// and etcd.log.
	Dir string

	opts      Options
	programs  programs
	files     files
	remove    func() error // nil: the folder stays
	authority *authority

	apiServerPort int
	etcdPeerURL   string

	apiServer *process
	etcd      *process

	etcdClient *http.Client

	mu      sync.Mutex // owns clients
	clients map[string]*http.Client
}

// Start builds the programs if need be, starts both servers and waits until the
// API server is ready and has made its default namespace. On failure nothing is
// left running, and the error shows the end of the failing server's log.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	programs, err := buildPrograms(ctx, opts.Progress)
	if err != nil {
		return nil, err
	}
	// Somebody may take a free port before the server does; then it ends with
	// an error, and other ports are tried.
	var errs []error
	for range 3 {
		c, err := newCluster(programs, opts)
		if err != nil {
			return nil, err
		}
		if err = c.start(ctx); err == nil {
			return c, nil
		}
		errs = append(errs, err, c.Stop())
		if !portTaken(err) {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// newCluster prepares the folder and the addresses, and starts nothing.
func newCluster(p programs, opts Options) (*Cluster, error) {
	ports, err := port.Free(3)
	if err != nil {
		return nil, err
	}
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	f, remove, err := makeFiles(opts.Dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		URL:     "https://" + port.Address(ports[0]),
		EtcdURL: "http://" + port.Address(ports[1]),
		Dir:     f.dir,

		opts:          opts,
		programs:      p,
		files:         f,
		remove:        remove,
		authority:     authority,
		apiServerPort: ports[0],
		etcdPeerURL:   "http://" + port.Address(ports[2]),
		etcdClient:    &http.Client{Transport: &http.Transport{}},
		clients:       map[string]*http.Client{},
	}
	if err := authority.write(f, opts.Users); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.StartEtcd(ctx); err != nil {
		return err
	}
	return c.StartAPIServer(ctx)
}

// StartEtcd starts etcd on its data, after StopEtcd, and waits until it is
// healthy.
func (c *Cluster) StartEtcd(ctx context.Context) error {
	args := c.opts.etcdFlags(c.files, c.EtcdURL, c.etcdPeerURL)
	p, err := startProcess(c.programs.etcd, c.files.etcdLog(), args)
	if err != nil {
		return err
	}
	c.etcd = p
	return c.await(ctx, p, c.etcdHealthy)
}

// StartAPIServer starts the API server on the same data, certificates and port
// as before, after StopAPIServer, and waits until it is ready.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	args := c.opts.apiServerFlags(c.files, c.EtcdURL, c.apiServerPort)
	p, err := startProcess(c.programs.apiServer, c.files.apiServerLog(), args)
	if err != nil {
		return err
	}
	c.apiServer = p
	return c.WaitReady(ctx)
}

// WaitReady returns when the API server is ready, also after an absence of etcd.
// Its error shows the end of the server's log.
func (c *Cluster) WaitReady(ctx context.Context) error {
	return c.await(ctx, c.apiServer, c.ready)
}

// A Manner is how a server ends.
type Manner int

const (
	// Gracefully lets the server finish its requests and close its
	// connections, as in an upgrade. After 20 s it is killed.
	Gracefully Manner = iota

	// Abruptly kills the server, as in a crash.
	Abruptly
)

const grace = 20 * time.Second

func (m Manner) grace() time.Duration {
	if m == Abruptly {
		return 0
	}
	return grace
}

// StopAPIServer ends the API server and returns when it is gone.
func (c *Cluster) StopAPIServer(m Manner) error { return c.apiServer.stop(m.grace()) }

// StopEtcd ends etcd and returns when it is gone. The API server answers on,
// with errors for whatever it does not have in memory.
func (c *Cluster) StopEtcd(m Manner) error { return c.etcd.stop(m.grace()) }

// Restart stops the API server and starts it again on the same data and port.
func (c *Cluster) Restart(ctx context.Context, m Manner) error {
	if err := c.StopAPIServer(m); err != nil {
		return err
	}
	return c.StartAPIServer(ctx)
}

// Stop ends both servers, closes the connections of the cluster's own clients,
// and removes the folder unless it is Options.Dir. A second Stop does nothing.
func (c *Cluster) Stop() error {
	// Nobody will use the data again: there is nothing to finish in order.
	errs := []error{c.apiServer.stop(0), c.etcd.stop(0)}
	c.closeClients()
	if c.remove != nil {
		errs = append(errs, c.remove())
	}
	return errors.Join(errs...)
}

// await repeats probe until it succeeds, the process ends or time is up.
func (c *Cluster) await(ctx context.Context, p *process, probe func(context.Context) error) error {
	timeout := c.opts.startTimeout()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not ready after %v", timeout))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last := errors.New("none")
	for {
		err := probeOnce(ctx, probe)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil { // else it says only that time is up
			last = err
		}
		select {
		case <-tick.C:
		case <-p.done:
			return p.failure("ended while starting", p.err)
		case <-ctx.Done():
			return p.failure("did not start", fmt.Errorf("%w; last answer: %w", context.Cause(ctx), last))
		}
	}
}

// probeOnce gives up on an answer that does not come; the next may.
func probeOnce(ctx context.Context, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return probe(ctx)
}

// portTaken tells whether a server ended because its port was taken, which only
// its log says.
func portTaken(err error) bool {
	return strings.Contains(err.Error(), syscall.EADDRINUSE.Error())
}
