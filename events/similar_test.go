package events

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	eventsv1resources "github.com/sheaf-dev/sheaf/resource/events/v1"
)

func standsForMany(e *eventsv1.Event) bool { return strings.HasPrefix(e.Note, combinedPrefix) }

// combinedEvents are the Events on the server that stand for many.
func (b *bench) combinedEvents() []*eventsv1.Event {
	b.t.Helper()
	var found []*eventsv1.Event
	for _, e := range b.events() {
		if standsForMany(e) {
			found = append(found, e)
		}
	}
	return found
}

func TestEventsThatDifferInTheirTextOnlyAreCombinedAfterTheTenth(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		for i := range 30 {
			b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try %d failed", i)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		if n := len(b.events()); n != 11 {
			t.Fatalf("%d Events on the server, want ten and one that stands for the others", n)
		}
		combined := b.combinedEvents()
		if len(combined) != 1 || combined[0].Series == nil || combined[0].Series.Count != 20 {
			t.Fatalf("combined: %v", combined)
		}
		if e := combined[0]; e.Note != "(combined from similar events): try 10 failed" || e.Type != Warning || e.Reason != "Failed" || e.Action != "Pulling" || e.Regarding.Name != "web" {
			t.Errorf("it says %v", e)
		}
		if s := b.Stats(); s.Combined != 20 || s.Repeated != 19 || s.Dropped() != 0 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestACombinedEventOfTheCoreGroupShowsTheLastText(t *testing.T) {
	record(t, Options{CoreV1: true, Similar: 2}, func(b *bench) {
		for i := range 5 {
			b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try %d failed", i)
		}
		b.stop()
		events := b.coreEvents()
		if len(events) != 3 {
			t.Fatalf("events: %v", events)
		}
		if e := events[2]; e.Message != "(combined from similar events): try 4 failed" || e.Count != 3 {
			t.Errorf("the last one is %v", e)
		}
	})
}

func TestOnlyEventsThatAreAlikeAreCombined(t *testing.T) {
	record(t, Options{Similar: 2}, func(b *bench) {
		for i := range 2 {
			b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try %d", i)
			b.Eventf(pod("web"), nil, Normal, "Failed", "Pulling", "try %d", i)
			b.Eventf(pod("web"), nil, Warning, "Refused", "Pulling", "try %d", i)
			b.Eventf(pod("web"), nil, Warning, "Failed", "Starting", "try %d", i)
			b.Eventf(pod("db"), nil, Warning, "Failed", "Pulling", "try %d", i)
		}
		b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try 1") // has an Event of its own
		synctest.Wait()
		if n, s := len(b.events()), b.Stats(); n != 10 || s.Combined != 0 || s.Repeated != 1 {
			t.Errorf("%d events, %+v", n, s)
		}
		node := corev1resources.Nodes.New()
		node.Name = "node-1"
		b.Eventf(pod("web"), node, Warning, "Failed", "Pulling", "try 1") // another story, but like the others
		synctest.Wait()
		if combined := b.combinedEvents(); len(combined) != 1 || combined[0].Related != nil {
			t.Errorf("combined: %v", combined)
		}
	})
}

func TestEventsThatComeSlowlyAreNotCombined(t *testing.T) {
	record(t, Options{Burst: 100}, func(b *bench) {
		for i := range 40 {
			b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try %d failed", i)
			time.Sleep(time.Minute)
		}
		if s := b.Stats(); s.Combined != 0 || s.Written != 40 {
			t.Errorf("ten in ten minutes are not too many: %+v", s)
		}
		for i := range 20 {
			b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "another try %d failed", i)
			time.Sleep(59 * time.Second)
		}
		if s := b.Stats(); s.Combined == 0 {
			t.Errorf("eleven in ten minutes are: %+v", s)
		}
	})
}

func TestWhenTheCrowdIsGoneEventsHaveTheirOwnTextAgain(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		for i := range 15 {
			b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try %d failed", i)
		}
		time.Sleep(10 * time.Minute)
		b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "a late try failed")
		synctest.Wait()
		events := b.events()
		if last := events[len(events)-1]; len(events) != 12 || last.Note != "a late try failed" {
			t.Errorf("%d events, the last %v", len(events), last)
		}
	})
}

func TestACrowdLastsAsLongAsMoreCome(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		for i := range 60 {
			b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try %d failed", i)
			time.Sleep(30 * time.Second)
		}
		time.Sleep(time.Minute)
		if n, combined := len(b.events()), b.combinedEvents(); n != 11 || combined[0].Series.Count != 50 {
			t.Errorf("%d Events on the server, want eleven in all; combined: %v", n, combined)
		}
	})
}

func TestACombinedEventGoesOnWhileTheLimitOfItsObjectIsUsedUp(t *testing.T) {
	record(t, Options{Burst: 3, Similar: 2}, func(b *bench) {
		for i := range 50 {
			b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try %d failed", i)
		}
		time.Sleep(time.Minute)
		if combined, s := b.combinedEvents(), b.Stats(); len(combined) != 1 || combined[0].Series.Count != 48 || s.RateLimited != 0 {
			t.Errorf("combined %v, %+v", combined, s)
		}
	})
}

func TestACombinedEventThatExpiredBeginsAnewWithWhatIsNew(t *testing.T) {
	record(t, Options{Similar: 2}, func(b *bench) {
		fail := func(from, to int) {
			for i := from; i < to; i++ {
				b.Eventf(pod("web"), nil, Warning, "Failed", "Pulling", "try %d failed", i)
			}
			time.Sleep(time.Minute)
		}
		fail(0, 6)
		gone := b.combinedEvents()[0]
		if err := typed.For(b.client, eventsv1resources.Events).Namespace("default").Delete(b.t.Context(), gone.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		fail(6, 13)
		b.stop()
		combined := b.combinedEvents()
		if len(combined) != 1 || combined[0].Name == gone.Name || combined[0].Series == nil {
			t.Fatalf("combined: %v", combined)
		}
		if all := gone.Series.Count + combined[0].Series.Count; all != 11 {
			t.Errorf("%d were counted in %v and %v, want 11", all, gone, combined[0])
		}
	})
}

func TestRepetitionsOfAnEventThatExpiredAreWrittenAtTheEnd(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		for range 3 {
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		}
		synctest.Wait()
		told := b.events()[0]
		if err := typed.For(b.client, eventsv1resources.Events).Namespace("default").Delete(b.t.Context(), told.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		b.stop()
		if events := b.events(); told.Series.Count != 2 || len(events) != 1 || events[0].Series != nil {
			t.Errorf("first %v, then %v", told, events)
		}
		if s := b.Stats(); s.Dropped() != 0 || s.Written != 3 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatIsUsedStaysInMind(t *testing.T) {
	l := newLatest[int, string](3)
	l.put(0, "first")
	for i := 1; i < 10; i++ {
		l.put(i, "another")
		if kept, ok := l.use(0); !ok || kept != "first" {
			t.Fatalf("after %d others: %q", i, kept)
		}
	}
	var left []int
	for key := range l.all() {
		left = append(left, key)
	}
	if fmt.Sprint(left) != "[8 9 0]" {
		t.Errorf("left, from the one used least lately: %v", left)
	}
}

// paper takes whatever is written.
type paper struct{}

func (paper) create(context.Context, story, *series) error { return nil }
func (paper) repeat(context.Context, story, *series) error { return nil }

func TestWhatARecorderKeepsInMindIsBounded(t *testing.T) {
	w := newWriter(&Recorder{options: Options{remember: 3}.withDefaults(), sink: paper{}})
	for i := range 100 {
		at := time.Unix(int64(i), 0)
		text := fmt.Sprint("note ", i)
		of := reference{name: fmt.Sprint("pod-", i)}
		w.take(t.Context(), note{story: story{regarding: of, message: text}, text: text, at: at})
		w.take(t.Context(), note{story: story{regarding: of, message: text}, text: text, at: at})
		w.take(t.Context(), note{story: story{regarding: of, message: text}, text: text, at: at})
	}
	if len(w.series.at) != 3 || len(w.limits.at) != 3 || len(w.crowds.at) != 3 || w.series.order.Len() != 3 {
		t.Errorf("%d series, %d limits, %d crowds", len(w.series.at), len(w.limits.at), len(w.crowds.at))
	}
	for i := 97; i < 100; i++ {
		if _, ok := w.limits.use(reference{name: fmt.Sprint("pod-", i)}); !ok {
			t.Errorf("pod-%d is forgotten, though it was among the latest three", i)
		}
	}
	// Of each pod: the Event, its first repetition at once, and the second when it was pushed out.
	if s := w.Stats(); s.Written != 2*100+97 || s.Dropped() != 0 {
		t.Errorf("%+v", s)
	}
	w.sweep(t.Context(), time.Unix(1_000_000, 0))
	if n := len(w.series.at) + len(w.limits.at) + len(w.crowds.at); n != 0 || w.written.Load() != 300 {
		t.Errorf("%d are kept in mind for ever", n)
	}
}
