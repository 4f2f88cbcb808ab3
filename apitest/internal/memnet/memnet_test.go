package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/apitest/internal/memnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAWriteNeverBlocksAndIsReadInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := memnet.Pair("c", "s")
		big := strings.Repeat("0123456789", 1<<20)
		if n, err := client.Write([]byte(big)); n != len(big) || err != nil {
			t.Fatal(n, err)
		}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(server)
		if err != nil || string(got) != big {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
	})
}

func TestAReadWaitsUntilItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := memnet.Pair("c", "s")
		start := time.Now()
		_ = client.SetReadDeadline(start.Add(3 * time.Second))
		_, err := client.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Fatalf("%v is no time-out", err)
		}
		_ = client.SetReadDeadline(time.Time{})
		go func() { time.Sleep(time.Minute); client.Reset() }()
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatal(err)
		}
	})
}

func TestAPastWriteDeadlineFailsTheWrite(t *testing.T) {
	client, _ := memnet.Pair("c", "s")
	_ = client.SetDeadline(time.Unix(1, 0))
	if _, err := client.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	_ = client.SetDeadline(time.Time{})
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
}

func TestAHalfClosedConnectionStillReads(t *testing.T) {
	client, server := memnet.Pair("c", "s")
	_ = client.CloseWrite()
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	if _, err := server.Write([]byte("late")); err != nil {
		t.Fatal(err)
	}
	_ = server.Close()
	if got, err := io.ReadAll(client); string(got) != "late" || err != nil {
		t.Fatal(string(got), err)
	}
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
}

func TestTheWriterOfAConnectionThatThePeerClosedGetsAnError(t *testing.T) {
	client, server := memnet.Pair("c", "s")
	_ = server.Close()
	if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Fatal(err)
	}
}

func TestAListenerRefusesWhenToldAndWhenClosed(t *testing.T) {
	l := memnet.Listen("srv")
	l.Refuse(true)
	if _, err := l.Dial(context.Background()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatal(err)
	}
	l.Refuse(false)
	if _, err := l.Dial(context.Background()); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := l.Dial(context.Background()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatal(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
}

func TestHTTPStreamsInFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen("srv")
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, "tick\n")
				w.(http.Flusher).Flush()
				time.Sleep(time.Hour)
			}
		})}
		go func() { _ = srv.Serve(l) }()
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }}
		start := time.Now()
		resp, err := (&http.Client{Transport: transport}).Get("http://srv/")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "tick\ntick\ntick\n" || time.Since(start) != 3*time.Hour {
			t.Fatal(string(body), err, time.Since(start))
		}
		transport.CloseIdleConnections()
		_ = srv.Close()
	})
}
