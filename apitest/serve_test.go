package apitest_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/apitest"
)

func TestHTTP2OverTLSRunsInFakeTime(t *testing.T) {
	inFakeTime(t, apitest.Options{TLS: true}, func(t *testing.T, srv *apitest.Server, c client) {
		resp := c.open("GET", "/version", nil)
		_ = resp.Body.Close()
		if resp.Proto != "HTTP/2.0" || !strings.HasPrefix(srv.URL(), "https://") {
			t.Fatal(resp.Proto, srv.URL())
		}
		w := c.watch(configMaps + "?watch=1&allowWatchBookmarks=1&timeoutSeconds=150")
		start := time.Now()
		put(t, srv, "a")
		w.want("BOOKMARK end", "ADDED a", "BOOKMARK", "BOOKMARK")
		if _, err := w.next(); !errors.Is(err, io.EOF) || time.Since(start) != 150*time.Second {
			t.Fatal(err, time.Since(start))
		}
	})
}

func TestACutHTTP2ConnectionHasCarriedAllThatWasAllowed(t *testing.T) {
	run := func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b", "c")
		for i := range 60 {
			for _, do := range []apitest.Action{apitest.CutAfterEvents(2), apitest.HalfCloseAfterEvents(2)} {
				fault := srv.Inject(apitest.Fault{On: watches, Do: do})
				w := c.watch(configMaps + "?watch=1")
				w.want("ADDED a", "ADDED b")
				if event, err := w.next(); err == nil || err == io.EOF {
					t.Fatal(i, event, err)
				}
				_ = w.body.Close()
				fault.Remove()
			}
			fault := srv.Inject(apitest.Fault{On: apitest.Match{Verb: "list"}, Do: apitest.CutAfterBytes(500)})
			resp := c.open("GET", configMaps, nil)
			data, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if n := len(data); n != 499 && n != 500 || err == nil {
				t.Fatal(i, n, err)
			}
			fault.Remove()
		}
	}
	t.Run("in memory", func(t *testing.T) { inFakeTime(t, apitest.Options{TLS: true}, run) })
	t.Run("on sockets", func(t *testing.T) {
		srv := apitest.New(apitest.Options{TLS: true}).Start(t)
		run(t, srv, clientOf(t, srv))
	})
}

func TestTheServerIsAHandlerForAnyHTTPServer(t *testing.T) {
	srv := apitest.New(apitest.Options{})
	foreign := httptest.NewServer(srv)
	defer foreign.Close()
	c := client{t, foreign.Client(), foreign.URL}
	c.must(201, nil, "POST", configMaps, configMap("a"))
	srv.Inject(apitest.Fault{On: watches, Do: apitest.CutAfterEvents(1)})
	w := c.watch(configMaps + "?watch=1")
	w.want("ADDED a")
	if _, err := w.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
}

func TestAServerRunsOnceAndSaysWhyItCannot(t *testing.T) {
	first := apitest.New(apitest.Options{}).Start(t)
	second := apitest.New(apitest.Options{Addr: strings.TrimPrefix(first.URL(), "http://")})
	if err := second.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatal(err)
	}
	if err := first.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "has run already") {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := second.WaitListening(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestAControllerGetsItsWorkDoneThroughFaults(t *testing.T) { testGreeter(t) }

func TestWatchesEndWithTheirDefinition(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, _ *apitest.Server, c client) {
		const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
		c.must(201, nil, "POST", definitions, []byte(`{"metadata":{"name":"as.b.c"},"spec":{"group":"b.c","scope":"Cluster","names":{"plural":"as","kind":"A"},
			"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}`))
		c.must(201, nil, "POST", "/apis/b.c/v1/as", []byte(`{"apiVersion":"b.c/v1","kind":"A","metadata":{"name":"x"}}`))
		w := c.watch("/apis/b.c/v1/as?watch=1")
		w.want("ADDED x")
		c.must(200, nil, "DELETE", definitions+"/as.b.c", nil)
		w.want("DELETED x")
		if _, err := w.next(); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		c.must(404, nil, "GET", "/apis/b.c/v1/as", nil)
	})
}
