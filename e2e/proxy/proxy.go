package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/sheaf-dev/sheaf/e2e/internal/port"
)

// A Direction is one of the two ways through a connection.
type Direction int

const (
	// ToServer is what the client sends.
	ToServer Direction = iota

	// ToClient is what the server answers.
	ToClient
)

// Stats counts what happened since the proxy was started.
type Stats struct {
	Accepted int // connections that clients made
	Active   int // those that have not ended in both directions
	Failed   int // those dropped because the server could not be reached

	BytesToServer int64
	BytesToClient int64
}

// A Proxy passes connections to one server. All methods may be called
// concurrently.
type Proxy struct {
	target string
	port   int
	wg     sync.WaitGroup     // of every goroutine of the proxy
	ctx    context.Context    // done when the proxy is closed
	cancel context.CancelFunc // of ctx

	mu       sync.Mutex // owns all below
	listener net.Listener
	conns    map[*conn]bool
	stats    Stats
	open     [2]chan struct{} // by direction: closed while bytes flow
	changed  chan struct{}    // closed and replaced when stats change
}

// Start listens on a free port of 127.0.0.1 and passes each connection to target,
// an address host:port. The caller must Close the proxy.
func Start(target string) (*Proxy, error) {
	p := &Proxy{
		target:  target,
		conns:   map[*conn]bool{},
		open:    [2]chan struct{}{closedChannel(), closedChannel()},
		changed: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	// A port that was free may be taken by the time it is listened on.
	var errs []error
	for range 3 {
		ports, err := port.Free(1)
		if err != nil {
			return nil, err
		}
		p.port = ports[0]
		if err = p.Admit(); err == nil {
			return p, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// Address is where clients connect to, 127.0.0.1:port. It never changes.
func (p *Proxy) Address() string { return port.Address(p.port) }

// Close stops listening, resets all connections, and returns when every
// goroutine of the proxy has ended.
func (p *Proxy) Close() {
	p.cancel()
	p.Refuse()
	p.Cut()
	p.wg.Wait()
}

// Refuse stops listening: clients that connect are refused by the kernel, as when
// no server runs. Connections that exist go on.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
}

// Admit ends Refuse. It fails when the port has been taken meanwhile.
func (p *Proxy) Admit() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil || p.ctx.Err() != nil {
		return nil
	}
	l, err := net.Listen("tcp", p.Address())
	if err != nil {
		return err
	}
	p.listener = l
	p.wg.Go(func() { p.accept(l) })
	return nil
}

// Cut resets all connections now, on both sides: bytes on their way are lost and
// both ends get an error. New connections are accepted.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.reset()
	}
}

// HalfClose ends one direction of all connections in good order, as a peer does
// that has nothing more to send: the receiver reads what is under way, then an
// EOF. What is sent in that direction afterwards is dropped; the other goes on.
func (p *Proxy) HalfClose(d Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.halfClose(d)
	}
}

// Stall stops the bytes of all connections, present and new ones, in the
// directions given, or in both when none is; what was sent before may still
// arrive. Nothing is lost, and nobody is told: the sender can fill the buffers on
// the way and then blocks.
func (p *Proxy) Stall(directions ...Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range orBoth(directions) {
		if isClosed(p.open[d]) {
			p.open[d] = make(chan struct{})
		}
	}
}

// Resume ends Stall in the directions given, or in both when none is.
func (p *Proxy) Resume(directions ...Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range orBoth(directions) {
		if !isClosed(p.open[d]) {
			close(p.open[d])
		}
	}
}

// Stats returns the counts so far.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Wait returns when the counts satisfy cond. When ctx ends first, its error says
// what the counts were.
func (p *Proxy) Wait(ctx context.Context, cond func(Stats) bool) error {
	for {
		p.mu.Lock()
		stats, changed := p.stats, p.changed
		p.mu.Unlock()
		if cond(stats) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting at %+v: %w", stats, context.Cause(ctx))
		}
	}
}

// count changes the counts and wakes who waits for them.
func (p *Proxy) count(change func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.countLocked(change)
}

func (p *Proxy) countLocked(change func(*Stats)) {
	change(&p.stats)
	close(p.changed)
	p.changed = make(chan struct{})
}

// accept owns one listener until Refuse or Close closes it.
func (p *Proxy) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files: it may pass
			select {
			case <-time.After(10 * time.Millisecond):
			case <-p.ctx.Done():
			}
			continue
		}
		p.wg.Go(func() { p.serve(client.(*net.TCPConn)) })
	}
}

// serve owns one connection from its accept to its end.
func (p *Proxy) serve(client *net.TCPConn) {
	c := newConn(p, client)
	if !p.register(c) {
		c.reset()
		return
	}
	defer p.unregister(c)
	var dialer net.Dialer
	server, err := dialer.DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		p.count(func(s *Stats) { s.Failed++ })
		c.reset()
		return
	}
	if !p.connect(c, server.(*net.TCPConn)) {
		resetTCP(server.(*net.TCPConn))
		return
	}
	c.run()
}

// register makes a connection known to Cut and HalfClose, unless the proxy is
// closed.
func (p *Proxy) register(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return false
	}
	p.conns[c] = true
	p.countLocked(func(s *Stats) { s.Accepted++; s.Active++ })
	return true
}

// connect gives a connection its server's side, unless it was cut meanwhile.
func (p *Proxy) connect(c *conn, server *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if isClosed(c.dead) {
		return false
	}
	c.ends[ToServer] = server
	if isClosed(c.halted[ToServer]) {
		server.CloseWrite()
	}
	return true
}

func (p *Proxy) unregister(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	p.countLocked(func(s *Stats) { s.Active-- })
}

// gate is closed while bytes flow in the direction.
func (p *Proxy) gate(d Direction) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open[d]
}

func orBoth(directions []Direction) []Direction {
	if len(directions) == 0 {
		return []Direction{ToServer, ToClient}
	}
	return directions
}

func closedChannel() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// resetTCP closes a connection such that its peer gets a reset, not an EOF.
func resetTCP(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}
