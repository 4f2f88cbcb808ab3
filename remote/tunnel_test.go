package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	api "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/sheaf-dev/sheaf/clientset/typed"
)

// echo sends back all that it gets, and then says goodbye.
func echo(port string, stream io.ReadWriteCloser) string {
	if port == "9" {
		return "nobody listens on 9"
	}
	_, _ = io.Copy(stream, stream)
	_, _ = io.WriteString(stream, "bye from "+port)
	_ = stream.Close()
	_, _ = io.Copy(io.Discard, stream)
	return ""
}

func open(t testing.TB, pods typed.Client[*api.Pod]) *Tunnel {
	t.Helper()
	tunnel, err := Open(t.Context(), pods, "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tunnel.Close() })
	return tunnel
}

func TestATunnelCarriesManyConnections(t *testing.T) {
	k, pods := ports(t, echo)
	tunnel := open(t, pods)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			port := uint16(8000 + i)
			conn, err := tunnel.Dial(t.Context(), port)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			text := strings.Repeat(fmt.Sprint(i), 50_000)
			all.Go(func() {
				if _, err := io.WriteString(conn, text); err != nil {
					t.Error(err)
				}
				if err := conn.CloseWrite(); err != nil {
					t.Error(err)
				}
			})
			got, err := io.ReadAll(conn)
			if want := text + fmt.Sprint("bye from ", port); err != nil || string(got) != want {
				t.Errorf("port %d: got %d bytes of %d, %v", port, len(got), len(want), err)
			}
		})
	}
	all.Wait()
	if path, _, header := k.asked(); path != "/api/v1/namespaces/shop/pods/p/portforward" || header.Get("Authorization") != "Bearer secret" {
		t.Errorf("asked for %s with %v", path, header)
	}
}

func TestAPortWhereNobodyListensIsAnErrorOfItsConnectionAlone(t *testing.T) {
	_, pods := ports(t, echo)
	tunnel := open(t, pods)
	conn, err := tunnel.Dial(t.Context(), 9)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.ReadAll(conn); err == nil || !strings.Contains(err.Error(), "nobody listens on 9") {
		t.Errorf("error %v", err)
	}
	if _, err := tunnel.Dial(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "port 1 of pod p") {
		t.Errorf("a refused stream: %v", err)
	}
	other, err := tunnel.Dial(t.Context(), 80)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := io.WriteString(other, "x"); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(other, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func TestATunnelEndsItsConnectionsAlsoUnreadOnes(t *testing.T) {
	_, pods := ports(t, func(_ string, stream io.ReadWriteCloser) string {
		for {
			if _, err := stream.Write(make([]byte, 1000)); err != nil {
				return ""
			}
		}
	})
	tunnel := open(t, pods)
	conn, err := tunnel.Dial(t.Context(), 80)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if err := tunnel.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); !errors.Is(err, ErrTunnelClosed) {
		t.Errorf("read: %v", err)
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, ErrTunnelClosed) {
		t.Errorf("write: %v", err)
	}
	if _, err := tunnel.Dial(t.Context(), 80); !errors.Is(err, ErrTunnelClosed) {
		t.Errorf("dial: %v", err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func TestAServerThatGoesAwayEndsTheTunnel(t *testing.T) {
	gone := make(chan struct{})
	_, pods := ports(t, func(string, io.ReadWriteCloser) string { close(gone); return "" })
	tunnel := open(t, pods)
	conn, err := tunnel.Dial(t.Context(), 80)
	if err != nil {
		t.Fatal(err)
	}
	<-gone
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("a connection that was ended in good order: %v", err)
	}
	tunnel.cancel() // the WebSocket breaks
	<-tunnel.Done()
	if err := tunnel.Forward(t.Context(), listen(t), 80, nil); !errors.Is(err, ErrTunnelClosed) {
		t.Errorf("forwarding: %v", err)
	}
}

func TestAReadGivesUpAtItsDeadlineAndCanGoOn(t *testing.T) {
	_, pods := ports(t, echo)
	conn, err := open(t, pods).Dial(t.Context(), 80)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	if err := conn.SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	var late net.Error
	if _, err := conn.Write([]byte("x")); !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("a write after its deadline: %v", err)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("yz")); err != nil {
		t.Errorf("write: %v", err)
	}
	got := make([]byte, 2)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "yz" {
		t.Errorf("read %q, %v", got, err)
	}
	if conn.RemoteAddr().String() != "p:80" || conn.LocalAddr().Network() != "portforward" {
		t.Errorf("addresses %v and %v", conn.LocalAddr(), conn.RemoteAddr())
	}
}

func TestAClosedConnectionSaysSo(t *testing.T) {
	_, pods := ports(t, echo)
	conn, err := open(t, pods).Dial(t.Context(), 80)
	if err != nil {
		t.Fatal(err)
	}
	reading := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		reading <- err
	}()
	for range 2 {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-reading; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a read that ran: %v", err)
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a write: %v", err)
	}
}

func TestAListenerIsForwardedUntilTheContextEnds(t *testing.T) {
	_, pods := ports(t, echo)
	tunnel := open(t, pods)
	listener := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	failed := make(chan error, 10)
	go func() { ended <- tunnel.Forward(ctx, listener, 80, func(err error) { failed <- err }) }()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "hello "); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || string(got) != "hello bye from 80" {
		t.Errorf("got %q, %v", got, err)
	}

	open, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if _, err := io.WriteString(open, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(open, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("forwarding ended with %v", err)
	}
	if _, err := open.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlived the forwarding")
	}
	if len(failed) > 0 {
		t.Errorf("a connection failed: %v", <-failed)
	}
}

func TestAConnectionThatCannotBeForwardedIsReported(t *testing.T) {
	_, pods := ports(t, echo)
	tunnel := open(t, pods)
	listener := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 10)
	ended := make(chan error, 1)
	go func() { ended <- tunnel.Forward(ctx, listener, 9, func(err error) { failed <- err }) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := <-failed; !strings.Contains(err.Error(), "nobody listens on 9") {
		t.Errorf("reported %v", err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Logf("the local connection ended with %v", err) // a reset or an end
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestATunnelThatIsRefusedIsAnErrorOfTheServers(t *testing.T) {
	pods := podsOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	if _, err := Open(t.Context(), pods, "p"); !apierrors.IsNotFound(err) {
		t.Errorf("error %v", err)
	}
}

func ExampleTunnel_Dial() {
	pods, stop := demoPorts()
	defer stop()

	tunnel, err := Open(context.Background(), pods, "cart-0")
	if err != nil {
		panic(err)
	}
	defer tunnel.Close()
	shop := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return tunnel.Dial(ctx, 8080)
		},
	}}
	answer, err := shop.Get("http://cart-0/healthz")
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	fmt.Println(answer.StatusCode, text.String(), err)
	// Output: 200 ok <nil>
}
