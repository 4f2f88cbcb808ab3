package apitest

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest/internal/api"
	"github.com/sheaf-dev/sheaf/apitest/internal/crd"
	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/memnet"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// Server is an API server. It is an http.Handler, so that it can be put behind any HTTP server; Start and Run serve it themselves.
// All methods may be called concurrently.
type Server struct {
	options  Options
	history  *history.History
	kinds    *kinds.Registry
	objects  *objects.Store
	api      *api.API
	secure   *credentials // nil: plain HTTP
	requests requestLog
	faults   faultList
	conns    connections
	memory   *memnet.Listener // set if Options.InMemory

	handlers sync.WaitGroup // the requests being served

	mu        sync.Mutex // owns all below
	address   string     // host:port while listening
	listening chan struct{}
	running   bool
}

// New returns a server that holds nothing but the default namespaces. It starts nothing. It panics, like resource.Define, on resources
// that cannot be served together.
func New(options Options) *Server {
	options = options.withDefaults()
	h := history.New(history.Options{Changes: options.History, Bytes: options.HistoryBytes})
	registry := kinds.NewRegistry(h)
	s := &Server{options: options, history: h, kinds: registry, listening: make(chan struct{})}
	var served []*kinds.Kind
	for _, def := range builtin.Definitions() {
		served = append(served, kinds.New(def, nil))
	}
	served = append(served, kinds.New(crd.Resource.Definition(), nil), kinds.New(api.Bindings.Definition(), nil))
	for _, r := range options.Resources {
		served = append(served, kinds.New(r.Definition(), nil))
	}
	if err := registry.Add(served...); err != nil {
		panic(fmt.Sprintf("apitest.New: %v", err))
	}
	s.objects = objects.New(h, registry, objects.Options{CreateNamespaces: options.CreateNamespaces, CollectGarbage: options.CollectGarbage, Seed: options.Seed})
	s.api = api.New(s.objects, api.Options{
		BookmarkInterval: options.BookmarkInterval, NoCompression: options.NoCompression, Version: options.Version,
		NoManagedFields: options.NoManagedFields, Auth: options.Auth.internal(),
	})
	s.requests.limit = options.RequestLog
	s.faults.random = rand.New(rand.NewPCG(uint64(options.Seed), 0xfa17))
	if options.Seed == 0 {
		s.faults.random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if options.InMemory {
		s.memory = memnet.Listen("apitest")
	}
	if options.TLS {
		s.secure = mint()
	}
	s.addNamespaces("default", "kube-node-lease", "kube-public", "kube-system")
	return s
}

func (s *Server) addNamespaces(names ...string) {
	k, ok := s.kinds.Lookup(corev1.SchemeGroupVersion.WithResource("namespaces"))
	if !ok {
		panic("apitest.New: the built-in resources have no namespaces")
	}
	for _, name := range names {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := s.objects.Create(k, namespace, false); err != nil {
			panic(fmt.Sprintf("apitest.New: create namespace %q: %v", name, err)) // a new history cannot refuse it
		}
	}
}

// ServeHTTP serves one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handlers.Add(1)
	defer s.handlers.Done()
	route, ok := api.ParseRoute(r)
	entry := s.requests.add(r, route)
	answer := &recorder{ResponseWriter: w, log: &s.requests, entry: entry}
	if r.ProtoMajor == 1 && r.TLS == nil {
		answer.conn = connOf(r.Context())
	}
	defer answer.done()
	s.withFaults(answer, r, entry, func(w http.ResponseWriter, r *http.Request) {
		r, admitted := s.api.Admit(w, r, route)
		switch {
		case !admitted:
		case ok:
			s.api.Serve(w, r, route)
		default:
			s.api.ServeHTTP(w, r)
		}
	})
}

// Run listens and serves until ctx is done, then cuts what is still open and waits until nothing is left. A server can run once. The
// error is nil unless it cannot listen.
func (s *Server) Run(ctx context.Context) error {
	listener, err := s.listen()
	if err != nil {
		return err
	}
	// Requests outlive ctx until their connections are cut. Some would not notice that: one whose body nobody has read is not told.
	requests, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	server := &http.Server{
		Handler:     s,
		ConnContext: withConn,
		ErrorLog:    quietLog,
		BaseContext: func(net.Listener) context.Context { return requests },
	}
	if s.secure != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.secure.server}, ClientCAs: s.secure.pool, ClientAuth: tls.VerifyClientCertIfGiven}
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if s.secure != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	_ = server.Close()
	abandon()
	s.handlers.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("serve %s: %w", s.URL(), err)
}

// listen opens the listener and says that it is open.
func (s *Server) listen() (net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return nil, fmt.Errorf("apitest: the server has run already")
	}
	s.running = true
	listener, err := s.conns.listen(s.memory, s.options.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", s.options.Addr, err)
	}
	s.address = listener.Addr().String()
	close(s.listening)
	return listener, nil
}

// WaitListening returns when Run listens, or with ctx's error.
func (s *Server) WaitListening(ctx context.Context) error {
	select {
	case <-s.listening:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// URL returns the server's base URL, such as "http://127.0.0.1:41234". On sockets it is known once the server listens; before that
// it is empty.
func (s *Server) URL() string {
	scheme := "http://"
	if s.secure != nil {
		scheme = "https://"
	}
	if s.memory != nil {
		return scheme + memoryHost
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.address == "" {
		return ""
	}
	return scheme + s.address
}

// memoryHost is the name of servers in memory.
const memoryHost = "apitest.invalid"

// TB is the part of testing.TB that Start needs.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start runs the server until the test ends, and returns it when it listens. At the test's end everything that is still
// open is cut.
func (s *Server) Start(tb TB) *Server {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	select {
	case <-s.listening:
	case err := <-done:
		cancel()
		tb.Fatalf("start the API server: %v", err)
	}
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Fatalf("stop the API server: %v", err)
		}
	})
	return s
}

// Dial connects to the server. Its signature is that of http.Transport's DialContext; on sockets the network and address decide, in memory
// they do not matter.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if s.memory != nil {
		return s.memory.Dial(ctx)
	}
	return (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, network, address)
}

// HTTPClient returns a new client that can reach the server under URL, and trusts its certificate.
func (s *Server) HTTPClient() *http.Client {
	transport := &http.Transport{DialContext: s.Dial, ForceAttemptHTTP2: s.secure != nil}
	if s.secure != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: s.secure.pool}
	}
	return &http.Client{Transport: transport}
}
