package cache

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestAnInformerHasSyncedInTheMomentInWhichTheWholeFirstListIsInTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for n := range 3 {
			c.Set("a", fmt.Sprint(n), "x")
		}
		c.Fault("list", apitest.Delay(time.Second))
		i, stop := run(t, c, Options{Reflector: reflector.Options{NoStreaming: true, PageSize: 1}})
		defer stop()
		begin := time.Now()
		time.Sleep(2500 * time.Millisecond)
		if i.HasSynced() || i.Reader().Len() != 0 {
			t.Errorf("after two of three pages: synced %t, %d objects", i.HasSynced(), i.Reader().Len())
		}
		if s := i.Status().String(); !strings.Contains(s, "not synced, listing page 3 (2 objects so far)") {
			t.Errorf("meanwhile the status says %s", s)
		}
		<-i.Synced()
		if n := i.Reader().Len(); n != 3 || time.Since(begin) > 5*time.Second {
			t.Errorf("when it has synced, after %v: %d objects", time.Since(begin), n)
		}
	})
}

func TestAWaitForAVersionOfAnotherResourceEndsWithTheNextBookmark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		c.Set("a", "1", "x")
		i, stop := run(t, c, Options{})
		defer stop()
		synctest.Wait()
		secret := &v1.Secret{}
		secret.Namespace, secret.Name = "a", "1"
		if err := apitest.In(c.Server, corev1.Secrets).Put(secret); err != nil {
			t.Fatal(err)
		}
		version, reached := c.ResourceVersion(), ""
		go func() {
			snapshot, err := i.WaitFor(t.Context(), version)
			if err != nil {
				t.Error(err)
			}
			reached = snapshot.ResourceVersion()
		}()
		time.Sleep(time.Hour)
		if reached != "" {
			t.Fatalf("version %s was taken for %s", reached, version)
		}
		c.Bookmark()
		synctest.Wait()
		if reached != version {
			t.Errorf("after the bookmark the wait has reached %q, want %s", reached, version)
		}
	})
}

// A transform that fails on one object of many takes away nothing from the others, in the first state and in the stream.
func TestATransformThatFailsLosesNobodyElsesEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := served.New(t)
		for n := range 6 {
			c.Set("a", fmt.Sprint(n), []string{"good", "bad", "panic"}[n%3])
		}
		h := newRecorder()
		i := New(corev1.ConfigMaps.Definition(), c, Options{Transform: failing})
		add(t, i, h, HandlerOptions{})
		defer start(t, i)()
		synctest.Wait()
		for n := range 6 {
			c.Set("b", fmt.Sprint(n), []string{"good", "bad", "panic"}[n%3])
		}
		synctest.Wait()
		if n := len(h.log()); n != 4 || i.Reader().Len() != 4 || i.Status().QuarantinedCount != 8 {
			t.Errorf("the handler was told %q, %v", h.log(), i.Status())
		}
		for n := range 6 {
			c.Set("a", fmt.Sprint(n), "good")
			c.Set("b", fmt.Sprint(n), "good")
		}
		synctest.Wait()
		same(t, i, c)
		h.check(t, c.Objects())
	})
}

// failing is a transform that fails on "bad" and panics on "panic".
func failing(o resource.Object) (resource.Object, error) {
	switch o.(*v1.ConfigMap).Data["value"] {
	case "bad":
		return nil, errors.New("bad value")
	case "panic":
		panic("on purpose")
	}
	return o, nil
}
