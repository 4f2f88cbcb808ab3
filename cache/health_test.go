package cache

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// An index function that hangs holds up the cache, and that can be seen: nothing that is asked for its state waits for it.
func TestAStatusDoesNotWaitForAnIndexFunctionThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "good")
		release := make(chan struct{})
		i := New(corev1.ConfigMaps.Definition(), c, Options{Store: store.Options{Indexers: map[string]store.IndexFunc{"slow": func(o resource.Object) ([]string, error) {
			if o.(*v1.ConfigMap).Data["value"] == "bad" {
				<-release
			}
			return nil, nil
		}}}})
		h := newRecorder()
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		c.Set("a", "1", "bad")
		c.Set("a", "2", "good")
		synctest.Wait()
		late := make(chan struct{})
		go func() { // it waits for the journal
			defer close(late)
			add(t, i, newRecorder(), HandlerOptions{})
		}()
		for range 3 { // the lock that is waited for cannot be seen to be; give it the time
			runtime.Gosched()
		}
		if s := i.Status(); !s.Running || s.Objects != 1 || len(s.Handlers) != 1 || s.QueuedDeltas == 0 {
			t.Errorf("status %+v", s)
		}
		close(release)
		<-late
		synctest.Wait()
		same(t, i, c)
	})
}

func TestHealthFailsWhenTheNewsIsOlderThanTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		h := Health{Bound: 5 * time.Minute, Informers: func() []*SharedIndexInformer { return []*SharedIndexInformer{i} }}
		if err := h.Check(nil); err == nil || !strings.Contains(err.Error(), "configmaps/v1: not started") {
			t.Errorf("before the start: %v", err)
		}
		stop := start(t, i)
		for range 10 {
			time.Sleep(time.Minute)
			c.Bookmark()
		}
		synctest.Wait()
		if err := h.Check(nil); err != nil {
			t.Errorf("with bookmarks: %v", err)
		}
		refused := c.Fault("watch", apitest.Unavailable(0))
		c.End(nil)
		time.Sleep(4 * time.Minute)
		if err := h.Check(nil); err != nil {
			t.Errorf("within the bound: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if err := h.Check(nil); err == nil || !strings.Contains(err.Error(), "no news for 6m0s") || !strings.Contains(err.Error(), "unable to handle the request") {
			t.Errorf("beyond the bound: %v", err)
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/healthz", nil))
		if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "configmaps/v1") {
			t.Errorf("answered %d %s", answer.Code, answer.Body)
		}
		refused.Remove()
		time.Sleep(2 * time.Minute)
		c.Bookmark()
		synctest.Wait()
		answer = httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/healthz", nil))
		if answer.Code != http.StatusOK || answer.Body.String() != "ok\n" {
			t.Errorf("answered %d %s", answer.Code, answer.Body)
		}
		stop()
		if err := h.Check(nil); err == nil || !strings.Contains(err.Error(), "stopped") {
			t.Errorf("after the stop: %v", err)
		}
	})
}

func TestHealthFailsWhenTheFirstStateTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.RefuseConnections(true)
		i, stop := run(t, c, Options{})
		defer stop()
		h := Health{Bound: time.Minute, Informers: func() []*SharedIndexInformer { return []*SharedIndexInformer{i} }}
		time.Sleep(50 * time.Second)
		if err := h.Check(nil); err != nil {
			t.Error(err)
		}
		time.Sleep(50 * time.Second)
		if err := h.Check(nil); err == nil || !strings.Contains(err.Error(), "not synced") {
			t.Errorf("after the bound: %v", err)
		}
	})
}

func TestAStatusSaysWhatTheInformerIsDoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		version := c.Set("a", "1", "x")
		c.RefuseConnections(true)
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		if s := i.Status().String(); s != "configmaps/v1: not started" {
			t.Errorf("before: %s", s)
		}
		stop := start(t, i)
		time.Sleep(time.Second / 2)
		if s := i.Status().String(); !strings.Contains(s, "configmaps/v1: not synced, backing off for 500ms, until ") || !strings.Contains(s, "watch-list: cut: ") || !strings.Contains(s, "connection refused") {
			t.Errorf("refused: %s", s)
		}
		c.RefuseConnections(false)
		time.Sleep(time.Minute)
		s := i.Status()
		if text := s.String(); !strings.Contains(text, `synced, 1 objects at resourceVersion "`+version+`", watching for`) {
			t.Errorf("synced: %s", text)
		}
		if scope := s.Scopes[0]; !s.Running || !s.Synced || s.Objects != 1 || scope.LastFailure == nil || scope.Reads["initial"] != 1 || s.Staleness == 0 {
			t.Errorf("synced: %+v", s)
		}
		stop()
		if s := i.Status().String(); s != "configmaps/v1: stopped" {
			t.Errorf("after: %s", s)
		}
	})
}

func TestTheStatusOfAnInformerThatStoppedBeforeItWasInSyncStillSaysWhatWentWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.RefuseConnections(true)
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		stop := start(t, i)
		time.Sleep(time.Second)
		stop()
		s := i.Status().String()
		if want := "configmaps/v1: not synced, stopped for 0s, last failure: watch-list: cut: "; !strings.HasPrefix(s, want) || !strings.Contains(s, "connection refused") {
			t.Errorf("have %s", s)
		}
	})
}

func TestTheStatusNamesAnObjectThatAnIndexCouldNotTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		i := New(corev1.ConfigMaps.Definition(), c, Options{})
		if err := i.AddIndexers(map[string]store.IndexFunc{"mood": func(resource.Object) ([]string, error) { panic("on purpose") }}); err != nil {
			t.Fatal(err)
		}
		defer start(t, i)()
		synctest.Wait()
		s := i.Status().String()
		if !strings.HasPrefix(s, "configmaps/v1: synced, 1 objects") || !strings.Contains(s, `objects are missing from an index (index "mood" of a/1: `) || !strings.Contains(s, "on purpose") {
			t.Errorf("have %s", s)
		}
	})
}
