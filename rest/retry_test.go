package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"
)

func TestWhatIsRepeatedAndWhatIsNot(t *testing.T) {
	reset := fmt.Errorf("read tcp: %w", syscall.ECONNRESET)
	first := func(o outcome) outcome {
		o.tries, o.retries, o.replayable = 1, 10, true
		return o
	}
	for name, tt := range map[string]struct {
		outcome
		want bool
		wait time.Duration
	}{
		"429 on a read":                      {first(outcome{readOnly: true, code: 429, hasRetry: true, retryAfter: 3 * time.Second}), true, 3 * time.Second},
		"429 on a write":                     {first(outcome{code: 429, hasRetry: true, retryAfter: time.Second}), true, time.Second},
		"429 without Retry-After":            {first(outcome{readOnly: true, code: 429}), false, 0},
		"429 with a very long Retry-After":   {first(outcome{code: 429, hasRetry: true, retryAfter: time.Hour}), true, time.Hour},
		"503 with a very long Retry-After":   {first(outcome{readOnly: true, code: 503, hasRetry: true, retryAfter: time.Hour}), true, time.Hour},
		"503 on a read":                      {first(outcome{readOnly: true, code: 503, hasRetry: true, retryAfter: time.Second}), true, time.Second},
		"503 on a write":                     {first(outcome{code: 503, hasRetry: true, retryAfter: time.Second}), false, 0},
		"503 on a delete":                    {first(outcome{code: 503, hasRetry: true, retryAfter: time.Second}), false, 0},
		"503 without Retry-After":            {first(outcome{readOnly: true, code: 503}), false, 0},
		"500 on a read":                      {first(outcome{readOnly: true, code: 500, hasRetry: true, retryAfter: time.Second}), true, time.Second},
		"409":                                {first(outcome{code: 409, hasRetry: true, retryAfter: time.Second}), false, 0},
		"a reset connection on a read":       {first(outcome{readOnly: true, err: reset}), true, 0},
		"a reset connection on a write":      {first(outcome{err: reset}), false, 0},
		"a reset connection on a delete":     {first(outcome{err: reset}), false, 0},
		"an early end on a read":             {first(outcome{readOnly: true, err: io.EOF}), true, 0},
		"a lost HTTP/2 connection on a read": {first(outcome{readOnly: true, err: errors.New("http2: client connection lost")}), true, 0},
		"a refused connection":               {first(outcome{readOnly: true, err: syscall.ECONNREFUSED}), false, 0},
		"a time-out":                         {first(outcome{readOnly: true, err: &timeoutError{after: time.Second}}), false, 0},
		"a cancelled request":                {first(outcome{readOnly: true, err: context.Canceled}), false, 0},
		"a body that can be sent only once":  {outcome{readOnly: true, code: 429, hasRetry: true, tries: 1, retries: 10}, false, 0},
		"the last try":                       {outcome{readOnly: true, code: 429, hasRetry: true, tries: 11, retries: 10, replayable: true}, false, 0},
		"no retries wanted":                  {outcome{readOnly: true, code: 429, hasRetry: true, tries: 1, retries: 0, replayable: true}, false, 0},
		"the fourth reset":                   {outcome{readOnly: true, err: reset, tries: 4, retries: 10, replayable: true}, true, 200 * time.Millisecond},
	} {
		wait, again := tt.again()
		if again != tt.want || again && wait != tt.wait {
			t.Errorf("%s: got %v after %v, want %v after %v", name, again, wait, tt.want, tt.wait)
		}
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"5": 5 * time.Second, "0": 0, "Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
		"99999999999": maxRetryAfter, "Fri, 02 Jan 9999 03:04:15 GMT": maxRetryAfter, "": -1, "-1": -1, "soon": -1, "99999999999999999999": -1,
	} {
		got, ok := retryAfter(http.Header{"Retry-After": {value}}, now)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: got %v %v, want %v", value, got, ok, want)
		}
	}
}

// tooBusy answers 429 n times, then 200.
func tooBusy(n int, seconds string, sent *int) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		*sent++
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			if *sent <= n {
				w.Header().Set("Retry-After", seconds)
				w.WriteHeader(429)
				return
			}
			if req.Body != nil {
				_, _ = io.Copy(w, req.Body)
			}
		}), nil
	}
}

func TestABusyServerIsAskedAgainAfterTheTimeItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent, start := 0, time.Now()
		body, err := through(t, tooBusy(10, "2", &sent)).Post().AbsPath("x").Body([]byte("payload")).DoRaw(t.Context())
		if err != nil || string(body) != "payload" || sent != 11 {
			t.Errorf("got %q, %v after %d tries", body, err, sent)
		}
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("it took %v, want 20s", took)
		}
	})
}

// However long the server wants to be left alone, the caller's context decides whether that is too long.
func TestALongWaitIsWaitedAndSaidInTheLog(t *testing.T) {
	for seconds, lines := range map[string]int{"3600": 10, "59": 0} {
		synctest.Test(t, func(t *testing.T) {
			sent, start := 0, time.Now()
			var out bytes.Buffer
			ctx := klog.NewContext(t.Context(), textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(&out))))
			body, err := through(t, tooBusy(10, seconds, &sent)).Post().AbsPath("x").Param("token", secret).Body([]byte("payload")).DoRaw(ctx)
			if err != nil || string(body) != "payload" || sent != 11 {
				t.Errorf("got %q, %v after %d tries", body, err, sent)
			}
			if each, _ := time.ParseDuration(seconds + "s"); time.Since(start) != 10*each {
				t.Errorf("it took %v, want ten times %v", time.Since(start), each)
			}
			if got := strings.Count(out.String(), `"Repeating a request" method="POST" url="https://api.example.com/base/x" after="1h0m0s"`); got != lines || strings.Contains(out.String(), secret) {
				t.Errorf("%s s: the log has %d lines, want %d: %s", seconds, got, lines, out.String())
			}
		})
	}
}

func TestAnErrorSuggestsNoNegativeWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, value := range []string{"99999999999", "Fri, 02 Jan 9999 03:04:15 GMT"} {
			sent := 0
			err := through(t, tooBusy(100, value, &sent)).Get().AbsPath("x").MaxRetries(0).Do(t.Context()).Error()
			if seconds, ok := apierrors.SuggestsClientDelay(err); !ok || seconds != math.MaxInt32 {
				t.Errorf("%s: the error suggests %d %v", value, seconds, ok)
			}
		}
	})
}

func TestAServerThatStaysBusyIsAskedElevenTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		err := through(t, tooBusy(100, "1", &sent)).Get().AbsPath("x").Do(t.Context()).Error()
		if !apierrors.IsTooManyRequests(err) || sent != 11 {
			t.Errorf("got %v after %d tries", err, sent)
		}
		if seconds, ok := apierrors.SuggestsClientDelay(err); !ok || seconds != 1 {
			t.Errorf("the error suggests %d %v, want 1", seconds, ok)
		}
	})
}

func TestWaitingToRepeatEndsWithTheContextAndKeepsTheServersReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent, start := 0, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := through(t, tooBusy(100, "60", &sent)).Get().AbsPath("x").Do(ctx).Error()
		if !apierrors.IsTooManyRequests(err) || !errors.Is(err, context.DeadlineExceeded) || sent != 1 || time.Since(start) != 0 {
			t.Errorf("got %v after %d tries and %v: there is no use in waiting", err, sent, time.Since(start))
		}
		if want := "not tried again: a wait of 1m0s does not fit into the 5s that the context has left"; !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { stop(errors.New("shutting down")) })
		err = through(t, tooBusy(100, "60", &sent)).Get().AbsPath("x").Do(ctx).Error()
		if !strings.Contains(err.Error(), "shutting down") || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestAReadIsRepeatedOnABrokenConnectionAndAWriteIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			sent := 0
			client := through(t, func(*http.Request) (*http.Response, error) {
				if sent++; sent <= 3 {
					return nil, io.ErrUnexpectedEOF
				}
				return answer(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strconv.Itoa(sent)) }), nil
			})
			body, err := client.Verb(method).AbsPath("x").Body([]byte("x")).DoRaw(t.Context())
			if method == "GET" && (err != nil || string(body) != "4") {
				t.Errorf("GET: got %q, %v", body, err)
			}
			if method != "GET" && (!errors.Is(err, io.ErrUnexpectedEOF) || sent != 1) {
				t.Errorf("%s: got %v after %d tries", method, err, sent)
			}
		}
	})
}

// cutShort answers n times with half a body, then with a whole one.
func cutShort(n int, sent *int) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		var body io.Reader = strings.NewReader("whole")
		if *sent++; *sent <= n {
			body = io.MultiReader(strings.NewReader("wh"), iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: -1}, nil
	}
}

func TestAnAnswerThatBreaksOffIsAskedForAgainIfNothingWasWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			method       string
			cut, retries int
			body         string
			sent         int
			broken       bool
		}{
			{"GET", 3, 10, "whole", 4, false}, {"GET", 100, 10, "", 11, true}, {"GET", 1, 0, "", 1, true}, {"POST", 1, 10, "", 1, true},
		} {
			sent := 0
			body, err := through(t, cutShort(tt.cut, &sent)).Verb(tt.method).AbsPath("x").MaxRetries(tt.retries).DoRaw(t.Context())
			if string(body) != tt.body || sent != tt.sent || errors.Is(err, io.ErrUnexpectedEOF) != tt.broken {
				t.Errorf("%+v: got %q, %v after %d tries", tt, body, err, sent)
			}
		}
	})
}

func TestAListThatBreaksOffIsAskedForAgain(t *testing.T) {
	const whole = `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"x"}},{"metadata":{"name":"y"}}]}`
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			cut, retries, items, sent int
		}{
			{0, 10, 2, 1}, {3, 10, 2, 4}, {100, 10, 0, 11}, {1, 0, 0, 1},
		} {
			sent := 0
			client := through(t, func(*http.Request) (*http.Response, error) {
				var body io.Reader = strings.NewReader(whole)
				if sent++; sent <= tt.cut {
					body = io.MultiReader(strings.NewReader(whole[:len(whole)-20]), iotest.ErrReader(io.ErrUnexpectedEOF))
				}
				header := http.Header{"Content-Type": {"application/json"}}
				return &http.Response{StatusCode: 200, Header: header, Body: io.NopCloser(body), ContentLength: -1}, nil
			})
			items, meta, err := client.ForResource(pods).MaxRetries(tt.retries).Items(t.Context(), metav1.ListOptions{})
			if len(items) != tt.items || sent != tt.sent || (err == nil) != (tt.items > 0) || err == nil && meta.ResourceVersion != "9" {
				t.Errorf("%+v: got %d items, %v after %d tries", tt, len(items), err, sent)
			}
		}
	})
}
