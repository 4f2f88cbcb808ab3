package reflector_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/internal/fake"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

func TestTheFirstRequestIsAStreamOfTheInitialState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(3)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		synctest.Wait()
		c.Set("a", "b", "y")
		synctest.Wait()
		r.same(t)
		lists, watches, _ := c.Requests()
		if len(lists) != 0 || len(watches) != 1 {
			t.Fatalf("lists %v, watches %v", lists, watches)
		}
		w := watches[0]
		if w.SendInitialEvents == nil || !*w.SendInitialEvents || w.ResourceVersionMatch != metav1.ResourceVersionMatchNotOlderThan || !w.AllowWatchBookmarks || w.ResourceVersion != "" {
			t.Errorf("the watch asks for %+v", w)
		}
		if s := r.Status(); s.Phase != reflector.Watching || s.Reads["initial"] != 1 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestAWatchEndsBetweenFiveAndTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		seen := map[int64]bool{}
		for range 50 {
			time.Sleep(2 * time.Second)
			c.End(io.EOF)
		}
		synctest.Wait()
		_, watches, _ := c.Requests()
		for _, w := range watches {
			if w.TimeoutSeconds == nil || *w.TimeoutSeconds < 300 || *w.TimeoutSeconds >= 600 || !w.AllowWatchBookmarks {
				t.Fatalf("the watch asks for %+v", w)
			}
			seen[*w.TimeoutSeconds] = true
		}
		if len(seen) < 10 {
			t.Errorf("%d time-outs of %d watches differ", len(seen), len(watches))
		}
		if len(r.failures()) > 0 || r.Status().Reads["initial"] != 1 {
			t.Errorf("failures %v", r.failures())
		}
	})
}

func TestAWatchThatEndsAtOnceWithoutNewsCountsAsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		r := newRig(t, c, reflector.Options{Backoff: flat})
		defer r.stop()
		synctest.Wait()
		time.Sleep(time.Minute)
		c.Lock(func() {
			c.Faults.Watch = func(metav1.ListOptions) error {
				go c.End(io.EOF)
				return nil
			}
		})
		c.End(io.EOF)
		time.Sleep(10500 * time.Millisecond)
		if n := len(r.failures()); n != 11 || r.failures()[0].Class != reflector.Short {
			t.Errorf("failures %v", r.failures())
		}
	})
}

func TestARefusedConnectionIsMadeAgainAfterAWaitAndNothingIsListed(t *testing.T) {
	for _, refusal := range []error{errors.New("connection refused"), apierrors.NewTooManyRequests("busy", 0), apierrors.NewInternalError(errors.New("sick"))} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(1)
			r := newRig(t, c, reflector.Options{})
			defer r.stop()
			synctest.Wait()
			c.Lock(func() { c.Faults.Watch = func(metav1.ListOptions) error { return refusal } })
			c.End(io.EOF)
			c.Set("a", "a", "y")
			time.Sleep(10 * time.Minute)
			if s := r.Status(); s.Phase != reflector.BackingOff || s.Next != reflector.Watching || s.LastFailure == nil {
				t.Errorf("status %+v", s)
			}
			c.Lock(func() { c.Faults.Watch = nil })
			time.Sleep(time.Minute)
			r.same(t)
			if reads := r.Status().Reads; len(reads) != 1 || reads["initial"] != 1 {
				t.Errorf("reads %v", reads)
			}
			if n := len(r.failures()); n < 12 || n > 22 { // 30 to 60 s each, once at the longest
				t.Errorf("%d attempts in 10 minutes", n)
			}
		})
	}
}

func TestTheServersWishToWaitIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		first := true
		c.Faults.Watch = func(metav1.ListOptions) error {
			if first {
				first = false
				return apierrors.NewTooManyRequests("busy", 77)
			}
			return nil
		}
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		begin := time.Now()
		synctest.Wait()
		if s := r.Status(); s.Until.Sub(begin) != 77*time.Second {
			t.Errorf("status %+v", s)
		}
		time.Sleep(77 * time.Second)
		synctest.Wait()
		r.same(t)
	})
}

func TestMissingCredentialsAreReportedAndRetried(t *testing.T) {
	for class, refusal := range map[reflector.Class]error{
		reflector.Unauthorized: apierrors.NewUnauthorized("who?"),
		reflector.Forbidden:    apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "", errors.New("no")),
	} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(1)
			refused := true // set under the collection's lock
			c.Faults.Watch = func(metav1.ListOptions) error {
				if refused {
					return refusal
				}
				return nil
			}
			r := newRig(t, c, reflector.Options{})
			defer r.stop()
			time.Sleep(time.Minute)
			if failures := r.failures(); len(failures) < 3 || failures[2].Class != class || failures[2].Count != 3 || !errors.Is(&failures[2], refusal) {
				t.Errorf("failures %v", r.failures())
			}
			c.Lock(func() { refused = false })
			time.Sleep(time.Minute)
			r.same(t)
		})
	}
}

func TestASilentWatchIsFoundOnceBookmarksAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		dead := false
		c.Faults.Hold = func() bool { return dead }
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		for range 5 {
			time.Sleep(2 * time.Minute)
			c.Bookmark()
		}
		synctest.Wait()
		c.Lock(func() { dead = true })
		c.Set("a", "a", "y")
		time.Sleep(6*time.Minute - time.Second)
		if len(r.failures()) != 0 {
			t.Fatalf("failures %v", r.failures())
		}
		c.Lock(func() { dead = false })
		time.Sleep(time.Second)
		synctest.Wait()
		if len(r.failures()) != 1 || r.failures()[0].Class != reflector.Silent || r.failures()[0].RetryIn != 0 {
			t.Errorf("failures %v", r.failures())
		}
		r.same(t)
		if reads := r.Status().Reads; len(reads) != 1 {
			t.Errorf("reads %v", reads)
		}
	})
}

func TestAWatchOfAResourceWithoutBookmarksMayBeSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		time.Sleep(24 * time.Hour)
		if _, watches, _ := c.Requests(); len(r.failures()) != 0 || len(watches) != 1 {
			t.Errorf("failures %v, %d watches", r.failures(), len(watches))
		}
	})
}

func TestAServerThatStopsSendingBookmarksIsLeftAloneAfterOneSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		time.Sleep(time.Minute)
		c.Bookmark()
		time.Sleep(24 * time.Hour)
		// One watch had bookmarks; the next one had none at all, and then the state was read again.
		if s := r.Status(); s.Failures[reflector.Silent] != 2 || len(r.failures()) != 2 || s.Reads["watch was silent from the start"] != 1 {
			t.Errorf("failures %v, reads %v", r.failures(), s.Reads)
		}
	})
}

func TestAWatchFromTheFutureOfARestoredServerIsFoundByItsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(2)
		c.Faults.PatientWatch = true
		past := c.Save()
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		for n := range 10 {
			time.Sleep(time.Minute)
			c.Set("a", "a", fmt.Sprint("lost", n))
			c.Bookmark()
		}
		synctest.Wait()
		c.Restore(past)
		c.Set("a", "a", "new")
		time.Sleep(4 * time.Minute)
		r.same(t)
		if reads := r.Status().Reads; reads["watch was silent from the start"] != 1 {
			t.Errorf("reads %v", reads)
		}
	})
}

func TestTimeInWhichTheStoreIsFullIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		time.Sleep(time.Minute)
		c.Bookmark()
		synctest.Wait()
		full := make(chan struct{})
		r.sink.mu.Lock()
		r.sink.blocked = full
		r.sink.mu.Unlock()
		c.Set("a", "a", "y")
		time.Sleep(time.Hour)
		if len(r.failures()) != 0 {
			t.Errorf("failures %v", r.failures())
		}
		close(full)
		synctest.Wait()
		r.same(t)
	})
}

func TestAnUnreadableStreamIsListedAgainAfterAFewAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		time.Sleep(time.Hour)
		c.Lock(func() {
			c.Faults.Event = func(e *decode.Event) error {
				if e.ResourceVersion == "3" {
					return errors.New("this is no frame")
				}
				return nil
			}
		})
		c.Set("a", "a", "unreadable")
		c.Set("a", "a", "good")
		time.Sleep(time.Hour)
		r.same(t)
		if reads := r.Status().Reads; reads["watch breaks at once"] != 1 {
			t.Errorf("reads %v", reads)
		}
	})
}

func TestFailuresAreForgottenAfterTwoMinutesOfHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		synctest.Wait()
		count := func() int {
			failures := r.failures()
			return failures[len(failures)-1].Count
		}
		sick := true
		c.Lock(func() {
			c.Faults.Watch = func(metav1.ListOptions) error {
				if sick {
					return errors.New("connection refused")
				}
				return nil
			}
		})
		c.End(io.EOF)
		time.Sleep(10 * time.Minute)
		if count() < 10 {
			t.Fatalf("failures %v", r.failures())
		}
		c.Lock(func() { sick = false })
		time.Sleep(90 * time.Second) // at least half a minute of health
		c.Lock(func() { sick = true })
		c.End(io.EOF)
		synctest.Wait()
		if count() < 10 {
			t.Error("failures were forgotten too soon")
		}
		c.Lock(func() { sick = false })
		time.Sleep(4 * time.Minute)
		c.Lock(func() { sick = true })
		c.End(io.EOF)
		synctest.Wait()
		if count() != 1 {
			t.Error("failures were not forgotten")
		}
	})
}

func TestAMissingResourceIsWaitedForAndReadWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(2)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		synctest.Wait()
		missing := true
		c.Lock(func() {
			c.Faults.Watch = func(metav1.ListOptions) error {
				if missing {
					return apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, "")
				}
				return nil
			}
		})
		c.End(io.EOF)
		time.Sleep(time.Minute)
		if s := r.Status(); s.Phase != reflector.Missing || s.LastFailure.Class != reflector.Absent {
			t.Errorf("status %+v", s)
		}
		c.Delete("a", "a")
		c.Compact()
		c.Lock(func() { missing = false })
		time.Sleep(2 * time.Minute)
		r.same(t)
		if s := r.Status(); s.Phase != reflector.Watching || s.Reads["resource was missing"] != 1 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestAWatchThatIsNeverAnsweredIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(1)
		hang := &hanging{c}
		sink := &state{objects: map[resource.Key]string{}}
		r := &rig{c: c, sink: sink}
		r.Reflector = reflector.New(hang, sink, reflector.Options{Backoff: flat})
		ctx, cancel := context.WithCancel(klog.NewContext(t.Context(), klog.New(nil)))
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.Run(ctx)
		}()
		time.Sleep(29 * time.Second)
		if s := r.Status(); s.Phase != reflector.Streaming {
			t.Errorf("status %+v", s)
		}
		time.Sleep(2 * time.Second)
		if s := r.Status(); s.Failures[reflector.Stalled] != 1 {
			t.Errorf("status %+v", s)
		}
		time.Sleep(time.Minute)
		r.same(t)
		cancel()
		<-done
	})
}

// hanging never answers a watch that streams.
type hanging struct{ *fake.Collection }

func (h *hanging) Watch(ctx context.Context, opts metav1.ListOptions) (reflector.Watcher, error) {
	if opts.SendInitialEvents != nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.Collection.Watch(ctx, opts)
}
