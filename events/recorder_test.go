package events

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
	eventsv1resources "github.com/sheaf-dev/sheaf/resource/events/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// bench is a recorder in fake time that writes to a server in memory.
type bench struct {
	*Recorder
	t      *testing.T
	server *apitest.Server
	client *rest.Client
	stop   func() // ends Run and waits
}

func record(t *testing.T, options Options, test func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		server := apitest.New(apitest.Options{InMemory: true, Seed: 1}).Start(t)
		client, err := rest.NewClient(server.Config())
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()
		options.Controller = "example.com/tester"
		b := &bench{Recorder: New(client, options), t: t, server: server, client: client}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { b.Run(ctx) })
		b.stop = func() {
			cancel()
			running.Wait()
		}
		defer b.stop()
		test(b)
	})
}

// events are those on the server.
func (b *bench) events() []*eventsv1.Event {
	b.t.Helper()
	list, err := typed.For(b.client, eventsv1resources.Events).List(b.t.Context(), metav1.ListOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	return list.Items
}

func (b *bench) coreEvents() []*corev1.Event {
	b.t.Helper()
	list, err := typed.For(b.client, corev1resources.Events).List(b.t.Context(), metav1.ListOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	return list.Items
}

func pod(name string) *corev1.Pod {
	p := corev1resources.Pods.New()
	p.Namespace, p.Name, p.UID = "default", name, "uid-of-pod"
	return p
}

func TestAnEventSaysWhatHappenedToWhom(t *testing.T) {
	record(t, Options{Instance: "tester-0"}, func(b *bench) {
		node := corev1resources.Nodes.New()
		node.Name = "node-1"
		b.Eventf(pod("web"), node, Warning, "NoRoom", "Scheduling", "%d of %d nodes are full", 3, 3)
		synctest.Wait()
		events := b.events()
		if len(events) != 1 {
			t.Fatalf("%d events on the server", len(events))
		}
		e := events[0]
		got := fmt.Sprint(e.Namespace, e.Type, e.Reason, e.Action, e.Note, e.ReportingController, e.ReportingInstance, e.Series)
		want := fmt.Sprint("default", "Warning", "NoRoom", "Scheduling", "3 of 3 nodes are full", "example.com/tester", "tester-0", (*eventsv1.EventSeries)(nil))
		if got != want {
			t.Errorf("the event says %s, want %s", got, want)
		}
		if e.Regarding.Kind != "Pod" || e.Regarding.APIVersion != "v1" || e.Regarding.UID != "uid-of-pod" || e.Related.Kind != "Node" {
			t.Errorf("it is about %v and %v", e.Regarding, e.Related)
		}
		if !e.EventTime.Equal(new(metav1.NewMicroTime(time.Now()))) {
			t.Errorf("it happened at %v", e.EventTime)
		}
	})
}

func TestAnEventAboutAnObjectOfClusterScopeLivesInDefault(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		node := corev1resources.Nodes.New()
		node.Name = "node-1"
		b.Eventf(node, nil, Normal, "Ready", "Watching", "it is there")
		synctest.Wait()
		if events := b.events(); len(events) != 1 || events[0].Namespace != "default" || events[0].Related != nil {
			t.Errorf("events: %v", events)
		}
	})
}

func TestRepetitionsAreCountedInOneEvent(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		for range 10 {
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image is there")
			time.Sleep(time.Second)
		}
		if series := b.events()[0].Series; series == nil || series.Count != 2 {
			t.Errorf("after the first repetition the series should be seen at once, and not each further one: %v", series)
		}
		time.Sleep(time.Minute)
		events := b.events()
		if len(events) != 1 || events[0].Series.Count != 10 {
			t.Fatalf("events: %v", events)
		}
		if s := b.Stats(); s.Written > 4 || s.Repeated != 9 || s.Dropped() != 0 {
			t.Errorf("stats: %+v", s)
		}
		time.Sleep(10 * time.Minute)
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image is there")
		synctest.Wait()
		if n := len(b.events()); n != 2 {
			t.Errorf("after a long silence it is told anew: %d events", n)
		}
	})
}

func TestEventsOfTheCoreGroupHaveACount(t *testing.T) {
	record(t, Options{CoreV1: true}, func(b *bench) {
		begin := time.Now()
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image is there")
		time.Sleep(3 * time.Second)
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image is there")
		synctest.Wait()
		events := b.coreEvents()
		if len(events) != 1 {
			t.Fatalf("events: %v", events)
		}
		e := events[0]
		if e.Count != 2 || e.InvolvedObject.Name != "web" || e.Source.Component != "example.com/tester" ||
			!e.FirstTimestamp.Time.Equal(begin) || !e.LastTimestamp.Time.Equal(begin.Add(3*time.Second)) {
			t.Errorf("the event is %v", e)
		}
	})
}

func TestTooManyEventsAboutOneObjectAreDroppedAndCounted(t *testing.T) {
	record(t, Options{Burst: 3, Refill: time.Minute}, func(b *bench) {
		for i := range 10 {
			b.Eventf(pod("noisy"), nil, Normal, "Noise", "Making", "noise %d", i)
		}
		b.Eventf(pod("quiet"), nil, Normal, "Noise", "Making", "a word")
		synctest.Wait()
		if n, s := len(b.events()), b.Stats(); n != 4 || s.RateLimited != 7 {
			t.Errorf("%d events on the server, %+v", n, s)
		}
		time.Sleep(time.Minute)
		b.Eventf(pod("noisy"), nil, Normal, "Noise", "Making", "one more")
		synctest.Wait()
		if n := len(b.events()); n != 5 {
			t.Errorf("%d events after a while, want one more", n)
		}
	})
}

func TestAFailingServerIsTriedAgainAndNothingBlocks(t *testing.T) {
	record(t, Options{Queue: 5}, func(b *bench) {
		failing := b.server.Inject(apitest.Fault{Do: apitest.Fail(errors.New("out of order"))})
		for i := range 20 {
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image %d", i)
		}
		time.Sleep(2 * time.Second)
		failing.Remove()
		time.Sleep(time.Minute)
		s := b.Stats()
		if n := len(b.events()); n != int(s.Written) || s.Written+s.QueueFull != 20 || s.Written < 5 || s.Failed != 0 {
			t.Errorf("%d events on the server, %+v", n, s)
		}
	})
}

func TestAnEventThatTheServerRefusesIsDroppedAtOnce(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		elsewhere := pod("web")
		elsewhere.Namespace = "no-such-namespace"
		b.Eventf(elsewhere, nil, Normal, "Pulled", "Pulling", "image")
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		synctest.Wait()
		if s := b.Stats(); s.Failed != 1 || s.Written != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAnEventThatExpiredBeginsAnew(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		synctest.Wait()
		gone := b.events()[0]
		if err := typed.For(b.client, eventsv1resources.Events).Namespace("default").Delete(b.t.Context(), gone.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		synctest.Wait()
		if events := b.events(); len(events) != 1 || events[0].Name == gone.Name {
			t.Errorf("events: %v", events)
		}
	})
}

func TestWhatWaitsIsWrittenWhenTheRecorderStops(t *testing.T) {
	record(t, Options{SeriesInterval: time.Hour}, func(b *bench) {
		for range 5 {
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		}
		b.Eventf(pod("web"), nil, Normal, "Started", "Starting", "container")
		b.stop()
		events := b.events()
		if len(events) != 2 {
			t.Fatalf("events: %v", events)
		}
		for _, e := range events {
			if e.Reason == "Pulled" && (e.Series == nil || e.Series.Count != 5) {
				t.Errorf("the count was not written: %v", e.Series)
			}
		}
	})
}

func TestAnEventWhoseAnswerWasLostIsNotCountedAsFailed(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		b.server.Inject(apitest.Fault{Times: 1, Do: apitest.CutAfterBytes(10)})
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		time.Sleep(time.Minute)
		if n, s := len(b.events()), b.Stats(); n != 1 || s.Written != 1 || s.Failed != 0 {
			t.Errorf("%d events on the server, %+v", n, s)
		}
	})
}

func TestACountWhoseAnswerWasLostIsWrittenInTheVersionThatThereIs(t *testing.T) {
	for _, coreV1 := range []bool{false, true} {
		record(t, Options{CoreV1: coreV1}, func(b *bench) {
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
			synctest.Wait()
			lost := b.server.Inject(apitest.Fault{Times: 1, On: apitest.Match{Verb: "patch"}, Do: apitest.CutAfterBytes(10)})
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
			time.Sleep(time.Minute)
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
			synctest.Wait()
			if s := b.Stats(); lost.Hits() != 1 || s.Written != 3 || s.Failed != 0 {
				t.Errorf("%d answers lost, %+v", lost.Hits(), s)
			}
			if e := b.events(); len(e) != 1 || times(e[0]) != 3 && b.coreEvents()[0].Count != 3 {
				t.Errorf("events: %v", e)
			}
		})
	}
}

// As a request that a proxy holds up: by the time it arrives, its sender has given it up and written a higher count.
func TestARequestThatArrivesLateDoesNotTakeACountBack(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		synctest.Wait()
		old := b.events()[0]
		for range 5 {
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		}
		time.Sleep(time.Minute)
		late := recount(b.t.Context(), typed.For(b.client, eventsv1resources.Events).Namespace("default"),
			&series{name: old.Name, version: old.ResourceVersion}, map[string]any{"series": eventsv1.EventSeries{Count: 2, LastObservedTime: old.EventTime}})
		if !apierrors.IsConflict(late) {
			t.Errorf("the late request was answered with %v", late)
		}
		if n := times(b.events()[0]); n != 6 {
			t.Errorf("the count is %d", n)
		}
	})
}

func TestCountsThatMayNotBeWrittenAreTriedOnceAnIntervalAndCountedAsDropped(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		forbidden := apierrors.NewForbidden(schema.GroupResource{Group: "events.k8s.io", Resource: "events"}, "", errors.New("no"))
		fault := b.server.Inject(apitest.Fault{On: apitest.Match{Verb: "patch"}, Do: apitest.Fail(forbidden)})
		for range 60 {
			b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
			time.Sleep(time.Second)
		}
		b.stop()
		if n := fault.Hits(); n < 3 || n > 5 {
			t.Errorf("the count was written %d times in a minute", n)
		}
		if s := b.Stats(); s.Failed != 59 || s.Written != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatIsRecordedAfterRunHasReturnedWaitsForTheNext(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		b.stop()
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		if s := b.Stats(); s.Waiting != 1 || s.Recorded != 1 {
			t.Errorf("%+v", s)
		}
		ctx, cancel := context.WithCancel(b.t.Context())
		cancel()
		b.Run(ctx)
		if n, s := len(b.events()), b.Stats(); n != 1 || s.Waiting != 0 {
			t.Errorf("%d events on the server, %+v", n, s)
		}
	})
}

func TestARequestThatHangsIsTriedAgain(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		b.server.Inject(apitest.Fault{Times: 1, Do: apitest.StallAfterBytes(0)})
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		b.Eventf(pod("web"), nil, Normal, "Started", "Starting", "container")
		time.Sleep(patience + firstWait)
		synctest.Wait()
		if n, s := len(b.events()), b.Stats(); n != 2 || s.Failed != 0 {
			t.Errorf("%d events on the server, %+v", n, s)
		}
	})
}

func TestAServerThatHangsDoesNotHoldTheRecorder(t *testing.T) {
	record(t, Options{Flush: 5 * time.Second}, func(b *bench) {
		b.server.Inject(apitest.Fault{Do: apitest.StallAfterBytes(0)})
		b.Eventf(pod("web"), nil, Normal, "Pulled", "Pulling", "image")
		b.Eventf(pod("web"), nil, Normal, "Started", "Starting", "container")
		begin := time.Now()
		b.stop()
		if d := time.Since(begin); d != 5*time.Second {
			t.Errorf("it stopped after %v", d)
		}
		if s := b.Stats(); s.Failed != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestTextsThatAreTooLongAreCutBetweenCharacters(t *testing.T) {
	record(t, Options{}, func(b *bench) {
		b.Eventf(pod(strings.Repeat("p", 250)), nil, Normal, strings.Repeat("R", 200), "Do", "%s", strings.Repeat("ä", 600))
		synctest.Wait()
		events := b.events()
		if len(events) != 1 || len(events[0].Note) != 1024 || len(events[0].Reason) != 128 || strings.ContainsRune(events[0].Note, '\uFFFD') {
			t.Errorf("events: %v, %+v", events, b.Stats())
		}
	})
}
