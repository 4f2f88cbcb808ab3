package reflector_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/cache/internal/fake"
	"github.com/sheaf-dev/sheaf/cache/reflector"
)

func TestAServerThatRefusesStreamsIsListedFromThenOn(t *testing.T) {
	for _, refusal := range []error{apierrors.NewBadRequest("unknown parameter"), apierrors.NewInvalid(fake.ConfigMaps.Definition().GroupVersionKind().GroupKind(), "", nil)} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(3)
			c.Faults.Watch = func(opts metav1.ListOptions) error {
				if opts.SendInitialEvents != nil {
					return refusal
				}
				return nil
			}
			r := newRig(t, c, reflector.Options{})
			defer r.stop()
			synctest.Wait()
			r.same(t)
			c.Compact()
			c.End(apierrors.NewResourceExpired("gone"))
			time.Sleep(time.Minute)
			r.same(t)
			lists, watches, _ := c.Requests()
			if len(lists) != 2 || lists[0].ResourceVersion != "0" || len(watches) != 3 {
				t.Errorf("lists %+v, watches %+v", lists, watches)
			}
			if !r.Status().NoStreaming {
				t.Error("the status does not say that streams do not work")
			}
		})
	}
}

func TestAServerThatNeverEndsTheInitialStateIsListedFromThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(3)
		c.Faults.NoEnd = func() bool { return true }
		r := newRig(t, c, reflector.Options{})
		defer r.stop()
		begin := time.Now()
		for range 100 { // it is busy, but with what is known already
			time.Sleep(time.Second)
			c.Set("a", "a", "y")
		}
		synctest.Wait()
		r.same(t)
		if len(r.failures()) != 1 || r.failures()[0].Class != reflector.Stalled || r.failures()[0].Time.Sub(begin) != 30*time.Second {
			t.Errorf("failures %v", r.failures())
		}
		if s := r.Status(); !s.NoStreaming || s.Phase != reflector.Watching || s.Failures[reflector.Stalled] != 1 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestPagesAreReadByTokenAndWithoutAVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(5)
		r := newRig(t, c, reflector.Options{NoStreaming: true, PageSize: 2})
		defer r.stop()
		synctest.Wait()
		r.same(t)
		lists, _, _ := c.Requests()
		if len(lists) != 3 || lists[0].ResourceVersion != "" || lists[0].Limit != 2 {
			t.Fatalf("lists %+v", lists)
		}
		for _, page := range lists[1:] {
			if page.Continue == "" || page.ResourceVersion != "" || page.ResourceVersionMatch != "" || page.Limit != 2 {
				t.Errorf("page %+v", page)
			}
		}
	})
}

func TestAnExpiredTokenStartsTheListAgainInOnePiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(5)
		pages := 0
		c.Faults.List = func(opts metav1.ListOptions) error {
			if pages++; opts.Continue != "" && pages == 3 {
				return apierrors.NewResourceExpired("the continue token is too old")
			}
			return nil
		}
		r := newRig(t, c, reflector.Options{NoStreaming: true, PageSize: 2})
		defer r.stop()
		begin := time.Now()
		synctest.Wait()
		r.same(t)
		lists, _, _ := c.Requests()
		if last := lists[len(lists)-1]; len(lists) != 4 || last.Limit != 0 || last.Continue != "" {
			t.Errorf("lists %+v", lists)
		}
		if time.Since(begin) > 0 {
			t.Errorf("it took %v", time.Since(begin))
		}
	})
}

func TestAPageThatBreaksIsReadAgainAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(6)
		items := 0
		c.Faults.Item = func(*v1.ConfigMap) error {
			if items++; items == 4 { // the second of the second page
				return errors.New("connection reset")
			}
			return nil
		}
		r := newRig(t, c, reflector.Options{NoStreaming: true, PageSize: 2, Backoff: flat})
		defer r.stop()
		time.Sleep(10 * time.Second)
		r.same(t)
		lists, _, _ := c.Requests()
		if len(lists) != 4 || lists[1].Continue != lists[2].Continue || lists[1].Continue == "" {
			t.Errorf("lists %+v", lists)
		}
	})
}

func TestAnExpiredFirstPageAsksForTheNewestAtOnce(t *testing.T) {
	for _, refusal := range []error{apierrors.NewResourceExpired("too old"), fake.TooLarge()} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(2)
			c.Faults.List = func(opts metav1.ListOptions) error {
				if opts.ResourceVersion != "" {
					return refusal
				}
				return nil
			}
			r := newRig(t, c, reflector.Options{NoStreaming: true})
			defer r.stop()
			begin := time.Now()
			synctest.Wait()
			r.same(t)
			if time.Since(begin) > 0 {
				t.Errorf("it took %v", time.Since(begin))
			}
		})
	}
}

func TestAListWithoutProgressIsGivenUpAndGetsMoreTimeThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(3)
		slow := 100 * time.Second // for one item
		c.Faults.Item = func(o *v1.ConfigMap) error {
			if o.Name == "b" {
				time.Sleep(slow)
			}
			return nil
		}
		r := newRig(t, c, reflector.Options{NoStreaming: true, Backoff: flat})
		defer r.stop()
		time.Sleep(10 * time.Minute)
		r.same(t)
		if n := r.Status().Failures[reflector.Stalled]; n != 2 { // after 30 s and 60 s; 120 s were enough
			t.Errorf("%d lists were given up: %v", n, r.failures())
		}
	})
}

func TestASlowListWithProgressIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(20)
		c.Faults.Item = func(*v1.ConfigMap) error {
			time.Sleep(29 * time.Second)
			return nil
		}
		r := newRig(t, c, reflector.Options{NoStreaming: true})
		defer r.stop()
		time.Sleep(30 * time.Minute)
		r.same(t)
		if len(r.failures()) != 0 {
			t.Errorf("failures %v", r.failures())
		}
	})
}

func TestReadingAgainAsksForTheVersionThatWasApplied(t *testing.T) {
	for _, streaming := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(2)
			r := newRig(t, c, reflector.Options{NoStreaming: !streaming})
			defer r.stop()
			synctest.Wait()
			applied := c.Set("a", "a", "y")
			synctest.Wait()
			c.End(apierrors.NewResourceExpired("too old"))
			c.Set("a", "a", "z")
			synctest.Wait()
			r.same(t)
			lists, watches, _ := c.Requests()
			again := watches[len(watches)-1]
			if !streaming {
				again = lists[len(lists)-1]
			}
			if again.ResourceVersion != applied || again.ResourceVersionMatch != metav1.ResourceVersionMatchNotOlderThan {
				t.Errorf("streaming %t: %+v", streaming, again)
			}
			if reads := r.Status().Reads; reads["initial"] != 1 || reads["expired"] != 1 {
				t.Errorf("reads %v", reads)
			}
		})
	}
}

func TestAServerRestoredToThePastIsReadAtItsNewest(t *testing.T) {
	for _, streaming := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(2)
			past := c.Save()
			c.Set("a", "a", "lost")
			c.Set("a", "c", "lost")
			r := newRig(t, c, reflector.Options{NoStreaming: !streaming})
			defer r.stop()
			synctest.Wait()
			c.Restore(past)
			time.Sleep(time.Minute)
			r.same(t)
			if reads := r.Status().Reads; reads["version too large"] != 1 {
				t.Errorf("reads %v", reads)
			}
		})
	}
}
