package apitest_test

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestBookmarksAreRepeatedAndComeOutOfOrder(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		srv.Inject(apitest.Fault{On: watches, Do: apitest.StaleBookmarks()})
		srv.Inject(apitest.Fault{On: watches, Do: apitest.RepeatBookmarks(1)})
		put(t, srv, "a")
		w := c.watch(configMaps + "?watch=1&allowWatchBookmarks=1&resourceVersion=" + srv.ResourceVersion())
		first := w.want("BOOKMARK", "BOOKMARK").Object.ResourceVersion
		put(t, srv, "b")
		w.want("ADDED b")
		var got []string
		for range 4 {
			got = append(got, w.want("BOOKMARK").Object.ResourceVersion)
		}
		if want := []string{srv.ResourceVersion(), srv.ResourceVersion(), first, first}; !slices.Equal(got, want) {
			t.Fatal(got, want)
		}
	})
}

func TestOnlyTheEndOfTheInitialEventsIsMissing(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		srv.Inject(apitest.Fault{On: watches, Do: apitest.NoInitialEventsEnd()})
		w := c.watch(configMaps + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
		start := time.Now()
		w.want("BOOKMARK")
		if time.Since(start) != time.Minute {
			t.Fatal(time.Since(start))
		}
	})
}

func TestAWatchFailsInItsMiddle(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b")
		srv.Inject(apitest.Fault{On: watches, Times: 2, Do: apitest.FailAfterEvents(1, apierrors.NewInternalError(errors.New("oh")))})
		srv.Inject(apitest.Fault{On: watches, Skip: 1, Times: 1, Do: apitest.DelayEvents(time.Hour)})
		for _, wait := range []time.Duration{0, time.Hour} {
			start := time.Now()
			w := c.watch(configMaps + "?watch=1")
			w.want("ADDED a", "ERROR 500 InternalError")
			if _, err := w.next(); !errors.Is(err, io.EOF) || time.Since(start) != wait {
				t.Fatal(err, time.Since(start))
			}
		}
	})
}

func TestAHalfClosedAnswerEndsTooEarly(t *testing.T) {
	run := func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b")
		srv.Inject(apitest.Fault{On: watches, Do: apitest.HalfCloseAfterEvents(1)})
		w := c.watch(configMaps + "?watch=1")
		w.want("ADDED a")
		if _, err := w.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		srv.Inject(apitest.Fault{On: apitest.Match{Verb: "list"}, Do: apitest.HalfCloseAfterBytes(30)})
		resp := c.open("GET", configMaps, nil)
		data, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if len(data) != 30 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(len(data), err)
		}
	}
	t.Run("in memory", func(t *testing.T) { inFakeTime(t, apitest.Options{}, run) })
	t.Run("on sockets", func(t *testing.T) {
		srv := apitest.New(apitest.Options{}).Start(t)
		run(t, srv, clientOf(t, srv))
	})
}

func TestAnUndecodableObjectStillShowsItsMetadata(t *testing.T) {
	inFakeTime(t, withWidget, func(t *testing.T, srv *apitest.Server, c client) {
		m := configMap("bad", "k", "v")
		m.Namespace = "default"
		if err := apitest.In(srv, resources.ConfigMaps).Put(m); err != nil {
			t.Fatal(err)
		}
		w := widgets.New()
		w.Name, w.Namespace = "bad", "default"
		if err := apitest.In(srv, widgets).Put(w); err != nil {
			t.Fatal(err)
		}
		fault := srv.Inject(apitest.Fault{Do: apitest.Undecodable(key("bad"))})
		for path, into := range map[string]any{configMaps: &corev1.ConfigMap{}, widgetPath: &widget{}} {
			_, data := c.do("GET", path+"/bad", nil)
			var meta metav1.PartialObjectMetadata
			if err := json.Unmarshal(data, into); err == nil || json.Unmarshal(data, &meta) != nil || meta.Name != "bad" || meta.ResourceVersion == "" {
				t.Fatalf("%v %s", err, data)
			}
		}
		_, data := c.do("GET", configMaps+"/bad", nil, "Accept", protobuf)
		var envelope runtime.Unknown
		if err := envelope.Unmarshal(data[4:]); err != nil || (&corev1.ConfigMap{}).Unmarshal(envelope.Raw) == nil {
			t.Fatal(err)
		}
		c.watch(configMaps + "?watch=1").want("ADDED bad")
		fault.Remove()
		c.must(200, &corev1.ConfigMap{}, "GET", configMaps+"/bad", nil)
	})
}

func TestObjectsAreUndecodableByTheirState(t *testing.T) {
	inFakeTime(t, withWidget, func(t *testing.T, srv *apitest.Server, c client) {
		set := func(value string) {
			m := configMap("a", "value", value)
			m.Namespace = "default"
			if err := apitest.In(srv, resources.ConfigMaps).Put(m); err != nil {
				t.Fatal(err)
			}
		}
		bad := func(o resource.Object) bool {
			m, ok := o.(*corev1.ConfigMap)
			return ok && m.Data["value"] == "bad"
		}
		read := func(accept string) (name string, err error) {
			_, data := c.do("GET", configMaps+"/a", nil, "Accept", accept)
			var envelope runtime.Unknown
			var meta metav1.PartialObjectMetadata
			var whole corev1.ConfigMap
			if accept == protobuf {
				if err := envelope.Unmarshal(data[4:]); err != nil {
					t.Fatal(err)
				}
				_ = whole.Unmarshal(envelope.Raw)
				return whole.Name, (&corev1.ConfigMap{}).Unmarshal(envelope.Raw)
			}
			_ = json.Unmarshal(data, &meta)
			return meta.Name, json.Unmarshal(data, &whole)
		}
		srv.Inject(apitest.Fault{Do: apitest.UndecodableIf(bad)})
		for _, name := range []string{"a", ""} {
			for _, accept := range []string{protobuf, "application/json"} {
				set("good")
				if got, err := read(accept); err != nil || got != "a" {
					t.Errorf("a good object: %q, %v", got, err)
				}
				set("bad")
				if got, err := read(accept); err == nil || got != name {
					t.Errorf("a bad object in %s: %q, %v", accept, got, err)
				}
			}
			srv.Inject(apitest.Fault{Do: apitest.NamelessIf(bad)})
		}
	})
}

func TestAWatchEndsBeforeItsFirstEvent(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		for _, do := range []apitest.Action{apitest.CloseAfterEvents(0), apitest.CutAfterEvents(0), apitest.HalfCloseAfterEvents(0),
			apitest.FailAfterEvents(0, apierrors.NewInternalError(errors.New("oh"))), apitest.GarbleAfterEvents(0)} {
			fault := srv.Inject(apitest.Fault{On: watches, Do: do})
			w := c.watch(configMaps + "?watch=1&resourceVersion=" + srv.ResourceVersion())
			start := time.Now()
			event, err := w.next()
			if time.Since(start) > 0 {
				t.Errorf("the watch lived for %v", time.Since(start))
			}
			if err == nil && event.String() != "ERROR 500 InternalError" {
				t.Errorf("the watch sends %v", event)
			}
			_ = w.body.Close()
			fault.Remove()
		}
	})
}

func TestAWatchSendsGarbage(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b")
		srv.Inject(apitest.Fault{On: watches, Do: apitest.GarbleAfterEvents(1)})
		w := c.watch(configMaps + "?watch=1")
		w.want("ADDED a")
		var syntax *json.SyntaxError
		if _, err := w.next(); !errors.As(err, &syntax) {
			t.Errorf("after the first event: %v", err)
		}
	})
}

func TestAnAnswerTrickles(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a", "b")
		_, whole := c.do("GET", configMaps, nil)
		srv.Inject(apitest.Fault{On: apitest.Match{Verb: "list"}, Do: apitest.Trickle(100, time.Minute)})
		start := time.Now()
		resp := c.open("GET", configMaps, nil)
		defer func() { _ = resp.Body.Close() }()
		first := make([]byte, 150)
		if _, err := io.ReadFull(resp.Body, first); err != nil || time.Since(start) != time.Minute {
			t.Errorf("the first 150 bytes took %v, %v", time.Since(start), err)
		}
		rest, err := io.ReadAll(resp.Body)
		if err != nil || string(first)+string(rest) != string(whole) || time.Since(start) != time.Duration(len(whole)/100)*time.Minute {
			t.Errorf("%d bytes of %d took %v, %v", len(first)+len(rest), len(whole), time.Since(start), err)
		}
	})
}

func TestARestoredServerReusesResourceVersions(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		put(t, srv, "a")
		backup := srv.ResourceVersion()
		put(t, srv, "b")
		newest := srv.ResourceVersion()
		w := c.watch(configMaps + "?watch=1&resourceVersion=" + newest)
		if err := srv.RestoreTo(backup); err != nil {
			t.Fatal(err)
		}
		if _, err := w.next(); err == nil {
			t.Fatal("the watch lives")
		}
		c.must(404, nil, "GET", configMaps+"/b", nil)
		put(t, srv, "c")
		if srv.ResourceVersion() != newest {
			t.Fatal(srv.ResourceVersion(), newest)
		}
		if err := srv.RestoreTo("1"); err == nil {
			t.Fatal("restored what has been forgotten")
		}
		srv.Restart()
		c.watch(configMaps + "?watch=1&resourceVersion=" + backup).want("ERROR 410 Expired")
	})
}
