package apitest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
)

var watches = apitest.Match{Verb: "watch"}

func TestAWatchIsCutAfterSoManyEvents(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b", "c")
		fault := srv.Inject(apitest.Fault{On: watches, Times: 1, Do: apitest.CutAfterEvents(2)})
		w := c.watch(configMaps + "?watch=1")
		w.want("ADDED a", "ADDED b")
		if _, err := w.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		if fault.Hits() != 1 {
			t.Fatal(fault.Hits())
		}
		c.watch(configMaps+"?watch=1").want("ADDED a", "ADDED b", "ADDED c")
	})
}

func TestAStalledWatchGoesOnWhenTheFaultIsRemoved(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b")
		for _, n := range []int{0, 1} {
			fault := srv.Inject(apitest.Fault{On: watches, Do: apitest.StallAfterEvents(n)})
			start := time.Now()
			go func() { time.Sleep(time.Hour); fault.Remove() }()
			w := c.watch(configMaps + "?watch=1")
			w.want("ADDED a", "ADDED b")
			if time.Since(start) != time.Hour {
				t.Fatal(time.Since(start))
			}
			_ = w.body.Close()
		}
	})
}

func TestAnAnswerIsCutAfterSoManyBytes(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		srv.Inject(apitest.Fault{On: apitest.Match{Verb: "list"}, Times: 1, Do: apitest.CutAfterBytes(20)})
		resp := c.open("GET", configMaps, nil)
		data, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if len(data) != 20 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(len(data), err)
		}
		srv.Inject(apitest.Fault{Times: 1, Do: apitest.Cut()})
		r, _ := http.NewRequestWithContext(t.Context(), "POST", c.base+configMaps, nil)
		if _, err := c.http.Do(r); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		c.must(200, nil, "GET", configMaps, nil)
	})
}

func TestErrorsAreInjectedByChanceAndCount(t *testing.T) {
	inFakeTime(t, apitest.Options{Seed: 1}, func(t *testing.T, srv *apitest.Server, c client) {
		srv.Inject(apitest.Fault{On: apitest.Match{Verb: "list", Resource: "configmaps"}, Skip: 1, Times: 1, Do: apitest.TooManyRequests(7 * time.Second)})
		c.must(200, nil, "GET", configMaps, nil)
		resp := c.open("GET", configMaps, nil)
		_ = resp.Body.Close()
		if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "7" {
			t.Fatal(resp.StatusCode, resp.Header)
		}
		some := srv.Inject(apitest.Fault{Chance: 0.5, Do: apitest.Unavailable(0)})
		failed := 0
		for range 100 {
			if code, _ := c.do("GET", configMaps, nil); code == 503 {
				failed++
			}
		}
		if failed != some.Hits() || failed < 30 || failed > 70 {
			t.Fatal(failed, some.Hits())
		}
		some.Remove()
		slow := srv.Inject(apitest.Fault{Do: apitest.Delay(time.Minute)})
		start := time.Now()
		c.must(200, nil, "GET", configMaps, nil)
		if time.Since(start) != time.Minute {
			t.Fatal(time.Since(start))
		}
		slow.Remove()
		srv.Inject(apitest.Fault{Do: apitest.Expired()})
		var status metav1.Status
		c.must(410, &status, "GET", configMaps, nil)
		if status.Reason != metav1.StatusReasonExpired {
			t.Fatal(status)
		}
	})
}

func TestASeedRepeatsChancesNamesAndUIDs(t *testing.T) {
	story := func(seed int64) (told []string) {
		inFakeTime(t, apitest.Options{Seed: seed}, func(t *testing.T, srv *apitest.Server, c client) {
			srv.Inject(apitest.Fault{On: apitest.Match{Verb: "list"}, Chance: 0.5, Do: apitest.Unavailable(0)})
			for range 20 {
				code, _ := c.do("GET", configMaps, nil)
				told = append(told, strconv.Itoa(code))
			}
			var m metav1.PartialObjectMetadata
			c.must(201, &m, "POST", configMaps, []byte(`{"metadata":{"generateName":"g-"}}`))
			told = append(told, m.Name, string(m.UID))
		})
		return told
	}
	first := story(5)
	if again := story(5); !slices.Equal(first, again) {
		t.Fatalf("%v\nand then %v", first, again)
	}
	if other := story(6); slices.Equal(first[:20], other[:20]) || first[20] == other[20] || first[21] == other[21] {
		t.Fatalf("%v\nand by another seed %v", first, other)
	}
}

func TestAnAnswerStallsAfterSoManyBytesUntilTheFaultIsRemoved(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		_, want := c.do("GET", configMaps+"/a", nil)
		fault := srv.Inject(apitest.Fault{On: apitest.Match{Verb: "get"}, Do: apitest.StallAfterBytes(20)})
		resp := c.open("GET", configMaps+"/a", nil)
		defer resp.Body.Close()
		head := make([]byte, 20)
		if _, err := io.ReadFull(resp.Body, head); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		go func() { time.Sleep(time.Hour); fault.Remove() }()
		rest, err := io.ReadAll(resp.Body)
		if err != nil || string(head)+string(rest) != string(want) || time.Since(start) != time.Hour {
			t.Fatalf("%v, %s%s after %v", err, head, rest, time.Since(start))
		}
	})
}

// injected are errors and what clients see of them.
var injected = []struct {
	name       string
	do         apitest.Action
	code       int
	reason     metav1.StatusReason
	message    string
	retryAfter string
}{
	{"a bare error", apitest.Fail(errors.New("the disk is full")), 500, "", "the disk is full", ""},
	{"an internal error", apitest.Fail(apierrors.NewInternalError(errors.New("oh"))), 500, metav1.StatusReasonInternalError, "Internal error occurred: oh", ""},
	{"unavailable", apitest.Unavailable(0), 503, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request", ""},
	{"unavailable for a while", apitest.Unavailable(3 * time.Second), 503, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request", "3"},
	{"too many requests", apitest.TooManyRequests(time.Second), 429, metav1.StatusReasonTooManyRequests, "Too many requests, please try again later.", "1"},
	{"expired", apitest.Expired(), 410, metav1.StatusReasonExpired, "The resourceVersion for the provided list is too old.", ""},
	{"unauthorized", apitest.Fail(apierrors.NewUnauthorized("who?")), 401, metav1.StatusReasonUnauthorized, "who?", ""},
}

func TestEachInjectedErrorIsAnsweredToEachVerbInBothFormatsAndNothingIsDone(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		before := srv.ResourceVersion()
		for _, want := range injected {
			for _, request := range [][2]string{{"GET", "/a"}, {"GET", ""}, {"GET", "?watch=1"}, {"POST", ""}, {"PUT", "/a"}, {"PATCH", "/a"}, {"DELETE", "/a"}, {"DELETE", ""}} {
				for _, accept := range []string{"application/json", protobuf} {
					fault := srv.Inject(apitest.Fault{Times: 1, Do: want.do})
					resp := c.open(request[0], configMaps+request[1], configMap("b"), "Accept", accept)
					status := statusIn(t, resp)
					if resp.StatusCode != want.code || int(status.Code) != want.code || status.Status != metav1.StatusFailure || status.Reason != want.reason || status.Message != want.message || resp.Header.Get("Retry-After") != want.retryAfter {
						t.Errorf("%s: %v as %s: %d, Retry-After %q, %+v", want.name, request, accept, resp.StatusCode, resp.Header.Get("Retry-After"), status)
					}
					if fault.Hits() != 1 {
						t.Errorf("%s: %v: %d hits", want.name, request, fault.Hits())
					}
				}
			}
		}
		if srv.ResourceVersion() != before {
			t.Fatalf("something was done: resourceVersion %s became %s", before, srv.ResourceVersion())
		}
		c.must(200, nil, "GET", configMaps+"/a", nil)
	})
}

// statusIn reads the metav1.Status of an answer in JSON or protobuf.
func statusIn(t *testing.T, resp *http.Response) (status metav1.Status) {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Content-Type") == protobuf {
		if envelope := unwrap(t, data, &status); envelope.Kind != "Status" {
			t.Fatal(envelope)
		}
		return status
	}
	if err := json.Unmarshal(data, &status); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return status
}

func TestAWatchListWithoutItsEndBookmark(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		srv.Inject(apitest.Fault{On: watches, Do: apitest.NoBookmarks()})
		w := c.watch(configMaps + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=600")
		w.want("ADDED a")
		if _, err := w.next(); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	})
}

func TestConnectionsAreRefusedAndCut(t *testing.T) {
	run := func(t *testing.T, srv *apitest.Server, c client) {
		w := c.watch(configMaps + "?watch=1")
		srv.RefuseConnections(true)
		srv.CutConnections()
		if _, err := w.next(); err == nil {
			t.Fatal("the watch lives")
		}
		r, _ := http.NewRequestWithContext(t.Context(), "POST", c.base+configMaps, nil)
		if _, err := c.http.Do(r); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatal(err)
		}
		srv.RefuseConnections(false)
		c.must(200, nil, "GET", configMaps, nil)
	}
	t.Run("in memory", func(t *testing.T) { inFakeTime(t, apitest.Options{}, run) })
	t.Run("on sockets", func(t *testing.T) {
		srv := apitest.New(apitest.Options{}).Start(t)
		run(t, srv, clientOf(t, srv))
	})
}
