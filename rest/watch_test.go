package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

const addedX = `{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"namespace":"a","name":"x","resourceVersion":"5"}}}` + "\n"

// events serves a watch of these frames, and then does what end says.
func events(end func(w http.ResponseWriter, r *http.Request), frames ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") != "true" {
			http.Error(w, "this is no watch", 400)
			return
		}
		w.Header().Set("Content-Type", ContentTypeJSON)
		for _, frame := range frames {
			_, _ = io.WriteString(w, frame)
			w.(http.Flusher).Flush()
		}
		if len(frames) == 0 {
			w.(http.Flusher).Flush()
		}
		if end != nil {
			end(w, r)
		}
	}
}

func untilGone(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestAWatchEndsWithEOFWhenTheServerEndsIt(t *testing.T) {
	client := serve(t, events(nil, addedX,
		`{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"6","annotations":{"k8s.io/initial-events-end":"true"}}}}`,
		`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,"message":"too old"}}`))
	w, err := client.ForResource(pods).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	first, err := w.Next()
	if err != nil || first.Type != watch.Added || first.Object.GetName() != "x" || first.ResourceVersion != "5" {
		t.Errorf("got %+v, %v", first, err)
	}
	second, err := w.Next()
	if err != nil || second.Type != watch.Bookmark || second.ResourceVersion != "6" || !second.InitialEventsEnd {
		t.Errorf("got %+v, %v", second, err)
	}
	third, err := w.Next()
	if err != nil || third.Type != watch.Error || third.Status == nil || third.Status.Code != 410 {
		t.Errorf("got %+v, %v", third, err)
	}
	if _, err := w.Next(); err != io.EOF {
		t.Errorf("got %v, want EOF", err)
	}
	if _, err := w.Next(); err == nil {
		t.Error("after the end there is another event")
	}
}

func TestAnyRequestCanBeAWatch(t *testing.T) {
	client := serve(t, events(nil, addedX))
	w, err := client.For(coreV1).Get().Namespace("a").Resource("pods").Watch(t.Context(), pods)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if e, err := w.Next(); err != nil || e.Object.GetName() != "x" {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestClosingAWatchFromElsewhereEndsARunningNext(t *testing.T) {
	client := serve(t, events(untilGone))
	w, err := client.ForResource(pods).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	go w.Close()
	if _, err := w.Next(); !errors.Is(err, ErrWatchClosed) {
		t.Errorf("got %v", err)
	}
	w.Close()
}

func TestTheContextEndsAWatchWithItsCause(t *testing.T) {
	client := serve(t, events(untilGone, addedX))
	ctx, cancel := context.WithCancelCause(t.Context())
	w, err := client.ForResource(pods).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Next(); err != nil {
		t.Error(err)
	}
	why := errors.New("shutting down")
	cancel(why)
	if _, err := w.Next(); err != why {
		t.Errorf("got %v, want %v", err, why)
	}
}

func TestACutWatchIsNoCleanEnd(t *testing.T) {
	client := serve(t, events(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, addedX))
	w, err := client.ForResource(pods).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Next(); err != nil {
		t.Error(err)
	}
	if _, err := w.Next(); err == nil || err == io.EOF || !strings.Contains(err.Error(), "/api/v1/pods: reading the watch") {
		t.Errorf("got %v", err)
	}
}

func TestAWatchThatIsRefusedIsAStatusError(t *testing.T) {
	client := serve(t, refuse(apierrors.NewResourceExpired("too old")))
	if _, err := client.ForResource(pods).Watch(t.Context(), metav1.ListOptions{}); !apierrors.IsResourceExpired(err) {
		t.Errorf("got %v", err)
	}
}

func TestAWatchAnsweredByALoginPageIsAnError(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Please log in</html>") })
	if _, err := client.ForResource(pods).Watch(t.Context(), metav1.ListOptions{}); err == nil || !strings.Contains(err.Error(), "Please log in") {
		t.Errorf("got %v", err)
	}
}

func TestTimeOutsBoundAnswersButNotStreams(t *testing.T) {
	const limit = 50 * time.Millisecond
	release := make(chan struct{})
	slow := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/silent" {
			<-r.Context().Done()
			return
		}
		events(func(w http.ResponseWriter, _ *http.Request) {
			<-release
			_, _ = io.WriteString(w, addedX)
		}, addedX)(w, r)
	}
	client := serve(t, slow, func(c *Config) { c.Timeout = limit })
	w, err := client.ForResource(pods).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	err = client.Get().AbsPath("silent").Do(t.Context()).Error()
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "/silent: no answer within the time-out of 50ms") {
		t.Errorf("got %v", err)
	}
	close(release) // the watch is older than the time-out by now
	for range 2 {
		if _, err := w.Next(); err != nil {
			t.Errorf("the watch was cut: %v", err)
		}
	}
}
