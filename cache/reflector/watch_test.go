package reflector_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/reflector"
)

func TestTheFirstRequestIsAStreamOfTheInitialState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 3)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		synctest.Wait()
		c.Set("a", "b", "y")
		synctest.Wait()
		r.same(t)
		lists, watches := c.Asked("list"), c.Asked("watch")
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
		c := filled(t, 1)
		c.Endless = false
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		seen := map[int64]bool{}
		for range 50 {
			time.Sleep(2 * time.Second)
			c.End(nil)
		}
		synctest.Wait()
		watches := c.Asked("watch")
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
		c := filled(t, 1)
		r := newRig(t, c, reflector.Options{Backoff: flat})
		defer r.stop()
		synctest.Wait()
		time.Sleep(time.Minute)
		c.Fault("watch", apitest.CloseAfterEvents(0))
		c.End(nil)
		time.Sleep(10500 * time.Millisecond)
		if n := len(r.failures()); n != 11 || r.failures()[0].Class != reflector.Short {
			t.Errorf("failures %v", r.failures())
		}
	})
}

func TestARefusedConnectionIsMadeAgainAfterAWaitAndNothingIsListed(t *testing.T) {
	for _, refusal := range []error{nil, apierrors.NewTooManyRequests("busy", 0), apierrors.NewInternalError(errors.New("sick"))} { // nil: of the connection
		synctest.Test(t, func(t *testing.T) {
			c := filled(t, 1)
			r := newRig(t, c, reflector.Options{})
			defer r.stop()
			synctest.Wait()
			refused := c.Fault("watch", apitest.Fail(refusal))
			c.End(nil)
			if refusal == nil {
				c.RefuseConnections(true)
				c.CutConnections()
			}
			c.Set("a", "a", "y")
			time.Sleep(10 * time.Minute)
			if s := r.Status(); s.Phase != reflector.BackingOff || s.Next != reflector.Watching || s.LastFailure == nil {
				t.Errorf("status %+v", s)
			}
			refused.Remove()
			c.RefuseConnections(false)
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
		c := filled(t, 1)
		c.Once("watch", apitest.TooManyRequests(77*time.Second))
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
	for class, refusal := range map[reflector.Class]*apierrors.StatusError{
		reflector.Unauthorized: apierrors.NewUnauthorized("who?"),
		reflector.Forbidden:    apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "", errors.New("no")),
	} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(t, 1)
			refused := c.Fault("watch", apitest.Fail(refusal))
			r := newRig(t, c, reflector.Options{})
			defer r.stop()
			time.Sleep(time.Minute)
			if failures := r.failures(); len(failures) < 3 || failures[2].Class != class || failures[2].Count != 3 || apierrors.ReasonForError(&failures[2]) != refusal.ErrStatus.Reason || !strings.Contains(failures[2].Error(), refusal.ErrStatus.Message) {
				t.Errorf("failures %v", r.failures())
			}
			refused.Remove()
			time.Sleep(time.Minute)
			r.same(t)
		})
	}
}

func TestASilentWatchIsFoundOnceBookmarksAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		for range 5 {
			time.Sleep(2 * time.Minute)
			c.Bookmark()
		}
		synctest.Wait()
		c.Hold()
		c.Set("a", "a", "y")
		time.Sleep(6*time.Minute - time.Second)
		if len(r.failures()) != 0 {
			t.Fatalf("failures %v", r.failures())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		c.Release()
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
		c := filled(t, 1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		time.Sleep(24 * time.Hour)
		if watches := c.Asked("watch"); len(r.failures()) != 0 || len(watches) != 1 {
			t.Errorf("failures %v, %d watches", r.failures(), len(watches))
		}
	})
}

func TestAServerThatStopsSendingBookmarksIsLeftAloneAfterOneSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 1)
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
		c := filled(t, 2)
		past := c.ResourceVersion()
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		for n := range 10 {
			time.Sleep(time.Minute)
			c.Set("a", "a", fmt.Sprint("lost", n))
			c.Bookmark()
		}
		synctest.Wait()
		if err := c.RestoreTo(past); err != nil {
			t.Fatal(err)
		}
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
		c := filled(t, 1)
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
		c := filled(t, 1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		time.Sleep(time.Hour)
		version := c.ResourceVersion()
		c.Inject(apitest.Fault{Do: apitest.GarbleAfterEvents(0), On: apitest.Match{Verb: "watch", Func: func(r *apitest.Request) bool {
			return r.Query.Get("resourceVersion") == version && r.Query.Get("sendInitialEvents") != "true"
		}}})
		c.Hold() // the watch that is open ends before it has sent what comes now
		c.Set("a", "a", "unreadable")
		c.Set("a", "a", "good")
		c.End(nil)
		synctest.Wait()
		c.Release()
		time.Sleep(time.Hour)
		r.same(t)
		if reads := r.Status().Reads; reads["watch breaks at once"] != 1 {
			t.Errorf("reads %v", reads)
		}
	})
}

func TestFailuresAreForgottenAfterTwoMinutesOfHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 1)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		synctest.Wait()
		count := func() int {
			failures := r.failures()
			return failures[len(failures)-1].Count
		}
		sick := c.Fault("watch", apitest.Cut())
		c.End(nil)
		time.Sleep(10 * time.Minute)
		if count() < 10 {
			t.Fatalf("failures %v", r.failures())
		}
		sick.Remove()
		time.Sleep(90 * time.Second) // at least half a minute of health
		sick = c.Fault("watch", apitest.Cut())
		c.End(nil)
		synctest.Wait()
		if count() < 10 {
			t.Error("failures were forgotten too soon")
		}
		sick.Remove()
		time.Sleep(4 * time.Minute)
		c.Fault("watch", apitest.Cut())
		c.End(nil)
		synctest.Wait()
		if count() != 1 {
			t.Error("failures were not forgotten")
		}
	})
}

func TestAMissingResourceIsWaitedForAndReadWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 2)
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		synctest.Wait()
		missing := c.Fault("watch", apitest.Fail(apierrors.NewNotFound(schema.GroupResource{Resource: "configmaps"}, "")))
		c.End(nil)
		time.Sleep(time.Minute)
		if s := r.Status(); s.Phase != reflector.Missing || s.LastFailure.Class != reflector.Absent {
			t.Errorf("status %+v", s)
		}
		c.Delete("a", "a")
		c.Compact()
		missing.Remove()
		time.Sleep(2 * time.Minute)
		r.same(t)
		if s := r.Status(); s.Phase != reflector.Watching || s.Reads["resource was missing"] != 1 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestAWatchThatIsNeverAnsweredIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 1)
		c.Inject(apitest.Fault{On: streams, Do: apitest.StallAfterBytes(0)})
		r := newRig(t, c, reflector.Options{Backoff: flat})
		defer r.stop()
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
	})
}
