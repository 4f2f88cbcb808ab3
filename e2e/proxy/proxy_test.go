package proxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/e2e/proxy"
)

// patience bounds what must happen; silence is how long what must not happen is
// waited for.
const (
	patience = 10 * time.Second
	silence  = 50 * time.Millisecond
)

// A fixture is a proxy before a server whose connections the test holds.
type fixture struct {
	*testing.T
	*proxy.Proxy
	listener net.Listener
}

func newFixture(t *testing.T) *fixture {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p, err := proxy.Start(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return &fixture{t, p, l}
}

// dial connects through the proxy and returns both ends.
func (f *fixture) dial() (client, server *net.TCPConn) {
	f.Helper()
	c, err := net.Dial("tcp", f.Address())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { c.Close() })
	s, err := f.listener.Accept()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}

func (f *fixture) send(c net.Conn, text string) {
	f.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		f.Fatal(err)
	}
}

// expect reads exactly text.
func (f *fixture) expect(c net.Conn, text string) {
	f.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(text))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != text {
		f.Fatalf("read %q, %v; want %q", got[:n], err, text)
	}
}

// expectError reads nothing but the error.
func (f *fixture) expectError(c net.Conn, want error) {
	f.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, want) {
		f.Fatalf("read %d bytes, %v; want %v", n, err, want)
	}
}

// expectSilence reads nothing for a while.
func (f *fixture) expectSilence(c net.Conn) {
	f.Helper()
	c.SetReadDeadline(time.Now().Add(silence))
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		f.Fatalf("read %d bytes, %v; want silence", n, err)
	}
}

func (f *fixture) wait(cond func(proxy.Stats) bool) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), patience)
	defer cancel()
	if err := f.Wait(ctx, cond); err != nil {
		f.Fatal(err)
	}
}

func TestBytesPassBothWaysAndAreCounted(t *testing.T) {
	f := newFixture(t)
	client, server := f.dial()
	f.send(client, "question")
	f.expect(server, "question")
	f.send(server, "answer")
	f.expect(client, "answer")
	f.wait(func(s proxy.Stats) bool {
		return s == proxy.Stats{Accepted: 1, Active: 1, BytesToServer: 8, BytesToClient: 6}
	})
}

func TestAnEndOfEitherSideReachesTheOther(t *testing.T) {
	f := newFixture(t)
	client, server := f.dial()
	f.send(client, "last words")
	client.CloseWrite()
	f.expect(server, "last words")
	f.expectError(server, io.EOF)
	f.send(server, "still answered")
	f.expect(client, "still answered")
	server.Close()
	f.expectError(client, io.EOF)
	f.wait(func(s proxy.Stats) bool { return s.Accepted == 1 && s.Active == 0 })
}

func TestAResetOfOneSideResetsTheOther(t *testing.T) {
	f := newFixture(t)
	client, server := f.dial()
	server.SetLinger(0)
	server.Close()
	f.expectError(client, syscall.ECONNRESET)
}

func TestACutResetsAllConnectionsAndAdmitsNewOnes(t *testing.T) {
	f := newFixture(t)
	c1, s1 := f.dial()
	c2, s2 := f.dial()
	f.Cut()
	for _, c := range []net.Conn{c1, s1, c2, s2} {
		f.expectError(c, syscall.ECONNRESET)
	}
	c3, s3 := f.dial()
	f.send(s3, "x")
	f.expect(c3, "x")
	f.wait(func(s proxy.Stats) bool { return s.Accepted == 3 && s.Active == 1 })
}

func TestStalledBytesArriveAfterResume(t *testing.T) {
	f := newFixture(t)
	client, server := f.dial()
	f.Stall()
	f.send(client, "up")
	f.send(server, "down")
	f.expectSilence(server)
	f.expectSilence(client)

	lateClient, lateServer := f.dial()
	f.send(lateClient, "late")
	f.expectSilence(lateServer)

	f.Resume()
	f.expect(server, "up")
	f.expect(client, "down")
	f.expect(lateServer, "late")
}

func TestAStallOfOneDirectionLeavesTheOther(t *testing.T) {
	f := newFixture(t)
	client, server := f.dial()
	f.Stall(proxy.ToClient)
	f.send(server, "down")
	f.expectSilence(client)
	f.send(client, "up")
	f.expect(server, "up")
	f.Resume(proxy.ToServer) // which was not stalled
	f.expectSilence(client)
	f.Resume(proxy.ToClient)
	f.expect(client, "down")
}

func TestAStallHoldsBackTheEndOfAConnection(t *testing.T) {
	for _, end := range []struct {
		how  func(*net.TCPConn)
		want error
	}{
		{func(c *net.TCPConn) { c.Close() }, io.EOF},
		{func(c *net.TCPConn) { c.SetLinger(0); c.Close() }, syscall.ECONNRESET},
	} {
		f := newFixture(t)
		client, server := f.dial()
		f.Stall()
		end.how(client)
		f.expectSilence(server)
		f.Resume()
		f.expectError(server, end.want)
	}
}

func TestACutEndsStalledConnections(t *testing.T) {
	f := newFixture(t)
	client, server := f.dial()
	f.Stall()
	f.send(client, "never arrives")
	f.Cut()
	f.expectError(server, syscall.ECONNRESET)
	f.expectError(client, syscall.ECONNRESET)
	f.wait(func(s proxy.Stats) bool { return s.Active == 0 && s.BytesToServer == 0 })
}

func TestAHalfCloseEndsOneDirectionOnly(t *testing.T) {
	f := newFixture(t)
	client, server := f.dial()
	f.send(server, "before")
	f.wait(func(s proxy.Stats) bool { return s.BytesToClient == 6 })
	f.HalfClose(proxy.ToClient)
	f.send(server, "after")
	f.expect(client, "before")
	f.expectError(client, io.EOF)
	f.send(client, "still heard")
	f.expect(server, "still heard")
	client.Close()
	f.expectError(server, io.EOF)
}

func TestClientsAreRefusedUntilTheyAreAdmitted(t *testing.T) {
	f := newFixture(t)
	client, server := f.dial()
	f.Refuse()
	f.Refuse()
	if c, err := net.Dial("tcp", f.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("dialled %v, %v; want a refusal", c, err)
	}
	f.send(client, "old connections go on")
	f.expect(server, "old connections go on")

	for range 2 {
		if err := f.Admit(); err != nil {
			t.Fatal(err)
		}
	}
	client, server = f.dial()
	f.send(client, "new ones too")
	f.expect(server, "new ones too")
}

func TestAClientIsResetWhenTheServerCannotBeReached(t *testing.T) {
	f := newFixture(t)
	f.listener.Close()
	// The reset may come before the dialer looks at its connection.
	c, err := net.Dial("tcp", f.Address())
	if err == nil {
		defer c.Close()
		f.expectError(c, syscall.ECONNRESET)
	} else if !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	f.wait(func(s proxy.Stats) bool { return s == proxy.Stats{Accepted: 1, Failed: 1} })
}

func TestAClosedProxyAdmitsNobody(t *testing.T) {
	f := newFixture(t)
	client, _ := f.dial()
	f.Close()
	f.expectError(client, syscall.ECONNRESET)
	if err := f.Admit(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", f.Address()); err == nil {
		c.Close()
		t.Fatal("connected to a closed proxy")
	}
}

func TestWaitingInVainSaysWhatTheCountsWere(t *testing.T) {
	f := newFixture(t)
	f.dial()
	f.wait(func(s proxy.Stats) bool { return s.Active == 1 })
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("had enough")
	cancel(why)
	err := f.Wait(ctx, func(proxy.Stats) bool { return false })
	if !errors.Is(err, why) || !strings.Contains(err.Error(), "Accepted:1") {
		t.Fatalf("got %v; want the cause and the counts", err)
	}
}

func TestTLSGoesFromEndToEnd(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "secret")
	}))
	defer server.Close()
	p, err := proxy.Start(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	resp, err := server.Client().Get("https://" + p.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "secret" {
		t.Fatalf("read %q, %v", b, err)
	}
}
