package reflector_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

var lists = apitest.Match{Resource: "configmaps", Verb: "list"}

// tooLarge is the error of a server that is asked for a version from the future.
func tooLarge() error {
	err := apierrors.NewTimeoutError("Too large resource version: 1000000, current: 1", 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge}}
	return err
}

func TestAServerThatRefusesStreamsIsListedFromThenOn(t *testing.T) {
	for _, refusal := range []error{apierrors.NewBadRequest("unknown parameter"), apierrors.NewInvalid(corev1.ConfigMaps.Definition().GroupVersionKind().GroupKind(), "", nil)} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(t, 3)
			c.Inject(apitest.Fault{On: streams, Do: apitest.Fail(refusal)})
			r := newRig(t, c, reflector.Options{})
			defer r.stop()
			synctest.Wait()
			r.same(t)
			c.Compact()
			c.End(apierrors.NewResourceExpired("gone"))
			time.Sleep(time.Minute)
			r.same(t)
			asked, watches := c.Asked("list"), c.Asked("watch")
			if len(asked) != 2 || asked[0].ResourceVersion != "0" || len(watches) != 3 {
				t.Errorf("lists %+v, watches %+v", asked, watches)
			}
			if !r.Status().NoStreaming {
				t.Error("the status does not say that streams do not work")
			}
		})
	}
}

func TestAServerThatNeverEndsTheInitialStateIsListedFromThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 3)
		c.Fault("watch", apitest.NoInitialEventsEnd())
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
		c := filled(t, 5)
		r := newRig(t, c, reflector.Options{NoStreaming: true, PageSize: 2})
		defer r.stop()
		synctest.Wait()
		r.same(t)
		asked := c.Asked("list")
		if len(asked) != 3 || asked[0].ResourceVersion != "" || asked[0].Limit != 2 {
			t.Fatalf("lists %+v", asked)
		}
		for _, page := range asked[1:] {
			if page.Continue == "" || page.ResourceVersion != "" || page.ResourceVersionMatch != "" || page.Limit != 2 {
				t.Errorf("page %+v", page)
			}
		}
	})
}

func TestAnExpiredTokenStartsTheListAgainInOnePiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 5)
		c.Inject(apitest.Fault{On: lists, Skip: 2, Times: 1, Do: apitest.Fail(apierrors.NewResourceExpired("the continue token is too old"))})
		r := newRig(t, c, reflector.Options{NoStreaming: true, PageSize: 2})
		defer r.stop()
		begin := time.Now()
		synctest.Wait()
		r.same(t)
		asked := c.Asked("list")
		if last := asked[len(asked)-1]; len(asked) != 4 || last.Limit != 0 || last.Continue != "" {
			t.Errorf("lists %+v", asked)
		}
		if time.Since(begin) > 0 {
			t.Errorf("it took %v", time.Since(begin))
		}
	})
}

func TestAPageThatBreaksIsReadAgainAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := filled(t, 6)
		c.Set("a", "d", strings.Repeat("x", 3000)) // the second of the second page
		c.Inject(apitest.Fault{On: lists, Skip: 1, Times: 1, Do: apitest.CutAfterBytes(4000)})
		r := newRig(t, c, reflector.Options{NoStreaming: true, PageSize: 2, Backoff: flat})
		defer r.stop()
		time.Sleep(10 * time.Second)
		r.same(t)
		asked := c.Asked("list")
		if len(asked) != 4 || asked[1].Continue != asked[2].Continue || asked[1].Continue == "" {
			t.Errorf("lists %+v", asked)
		}
	})
}

func TestAnExpiredFirstPageAsksForTheNewestAtOnce(t *testing.T) {
	for _, refusal := range []error{apierrors.NewResourceExpired("too old"), tooLarge()} {
		synctest.Test(t, func(t *testing.T) {
			c := filled(t, 2)
			versioned := lists
			versioned.Func = func(r *apitest.Request) bool { return r.Query.Get("resourceVersion") != "" }
			c.Inject(apitest.Fault{On: versioned, Do: apitest.Fail(refusal)})
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
		c := filled(t, 3)
		c.Set("a", "b", strings.Repeat("x", 3000))              // once as the value, once as the label
		c.Fault("list", apitest.Trickle(4000, 100*time.Second)) // the second item takes so long
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
		c := filled(t, 20)
		c.Fault("list", apitest.Trickle(250, 29*time.Second)) // an item or two at a time
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
			c := filled(t, 2)
			r := newRig(t, c, reflector.Options{NoStreaming: !streaming})
			defer r.stop()
			synctest.Wait()
			applied := c.Set("a", "a", "y")
			synctest.Wait()
			c.Hold() // the watch ends before it has sent what comes now
			c.Set("a", "a", "z")
			c.End(apierrors.NewResourceExpired("too old"))
			synctest.Wait()
			c.Release()
			r.same(t)
			asked, watches := c.Asked("list"), c.Asked("watch")
			again := watches[len(watches)-1]
			if !streaming {
				again = asked[len(asked)-1]
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
			c := filled(t, 2)
			past := c.ResourceVersion()
			c.Set("a", "a", "lost")
			c.Set("a", "c", "lost")
			r := newRig(t, c, reflector.Options{NoStreaming: !streaming})
			defer r.stop()
			synctest.Wait()
			// The server would be patient with a watch from the future, as today's are. Others are not.
			c.Once("watch", apitest.Fail(tooLarge()))
			if err := c.RestoreTo(past); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			r.same(t)
			if reads := r.Status().Reads; reads["version too large"] != 1 {
				t.Errorf("reads %v", reads)
			}
		})
	}
}
