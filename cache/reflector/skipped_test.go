package reflector_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/internal/served"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// skipping leaves all objects of a collection out whose name is not "a".
type skipping struct{ *served.Collection }

func (s skipping) List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error) {
	return s.Collection.List(ctx, opts, func(i decode.Item) error {
		if i.Object.GetName() != "a" {
			i = decode.Item{Skipped: true, Size: i.Size}
		}
		return yield(i)
	})
}

func (s skipping) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	w, err := s.Collection.Watch(ctx, opts)
	return skippingWatcher{w}, err
}

type skippingWatcher struct{ reflector.Watcher }

func (w skippingWatcher) Next() (decode.Event, error) {
	e, err := w.Watcher.Next()
	if e.Object != nil && e.Type != watch.Bookmark && e.Object.GetName() != "a" {
		e = decode.Event{Type: e.Type, Skipped: true, ResourceVersion: e.ResourceVersion}
	}
	return e, err
}

func TestSkippedObjectsAreNotStoredButMoveTheResumePoint(t *testing.T) {
	for _, listing := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := served.New(t)
			for _, name := range []string{"a", "b", "c"} {
				c.Set("a", name, "x")
			}
			sink := &state{objects: map[resource.Key]string{}}
			r := reflector.New(skipping{c}, sink, reflector.Options{NoStreaming: listing})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				r.Run(ctx)
			}()
			defer func() {
				cancel()
				<-done
			}()
			synctest.Wait()
			c.Set("a", "b", "changed")
			synctest.Wait()
			sink.mu.Lock()
			if len(sink.objects) != 1 || sink.version != c.ResourceVersion() {
				t.Errorf("the sink has %v at %s, the collection is at %s", sink.objects, sink.version, c.ResourceVersion())
			}
			sink.mu.Unlock()
			time.Sleep(time.Hour)
			if s := r.Status(); len(s.Failures) != 0 {
				t.Errorf("failures: %v", s.Failures)
			}
		})
	}
}
