package reflector

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Class says what a failure means for what to do next.
type Class uint8

// The classes of failures.
const (
	// None is no failure.
	None Class = iota
	// Expired: the version or continue token that was asked for is no longer known (410).
	Expired
	// TooLarge: the version that was asked for is newer than the server's own state, as after a restore.
	TooLarge
	// Refused: the server does not accept the request's parameters (400, 422).
	Refused
	// Absent: the server has no such resource (404), as when its definition was deleted.
	Absent
	// Unauthorized: the server does not know who asks (401).
	Unauthorized
	// Forbidden: the server knows who asks and says no (403).
	Forbidden
	// Throttled: the server asks to come back later (429).
	Throttled
	// ServerFault: any other error of the server (5xx), and what it calls an error in mid-stream.
	ServerFault
	// Stalled: nothing came for too long.
	Stalled
	// Silent: a watch stopped sending the bookmarks that it used to send.
	Silent
	// Cut: the connection could not be made or broke, or what came over it could not be read.
	Cut
	// Short: a watch ended in good order, but at once and without news.
	Short
	// Nameless: an event came of an object whose name could not be read, so that any object may have changed.
	Nameless
)

var classNames = [...]string{"none", "expired", "too large", "refused", "absent", "unauthorized", "forbidden", "throttled",
	"server fault", "stalled", "silent", "cut", "short", "nameless"}

// String returns the class's name in lower case.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// Failure is one thing that went wrong, as an error handler sees it and a status shows it. It is an error; Unwrap returns the cause.
type Failure struct {
	Class Class
	// Doing is the phase in which it happened.
	Doing Phase
	Err   error
	Time  time.Time
	// Count is how many failures there have been in a row, this one included. A success that lasts resets it.
	Count int
	// RetryIn is how long the reflector waits before it goes on. 0: not at all.
	RetryIn time.Duration
}

// Error returns the phase, the class and the cause.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %s: %v", f.Doing, f.Class, f.Err) }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// worseThan says whether a failure deserves a word of its own although the last one was of the same class: it is the first that costs time, or
// the row of them has become twice as long.
func (f *Failure) worseThan(last *Failure) bool {
	return last.RetryIn == 0 && f.RetryIn > 0 || f.Count >= 16 && f.Count&(f.Count-1) == 0
}

// Causes of failures that do not come from the server.
var (
	errStalled  = errors.New("no progress")
	errSilent   = errors.New("no bookmark")
	errShort    = errors.New("the watch ended at once and without news")
	errNameless = errors.New("an event came of an object whose name could not be read")
	errNoEnd    = errors.New("the stream ended before the initial state was complete")
)

// classify says what an error means.
func classify(err error) Class {
	switch {
	case err == nil:
		return None
	case errors.Is(err, errStalled):
		return Stalled
	case errors.Is(err, errSilent):
		return Silent
	case errors.Is(err, errNameless):
		return Nameless
	case errors.Is(err, errShort):
		return Short
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return Cut
	}
	return classifyStatus(status.Status())
}

func classifyStatus(s metav1.Status) Class {
	// A version from the future is reported as a timeout: by its cause, and by servers before 1.16 in words only.
	if hasCause(s, metav1.CauseTypeResourceVersionTooLarge) || strings.Contains(s.Message, "Too large resource version") {
		return TooLarge
	}
	switch s.Reason {
	case metav1.StatusReasonExpired, metav1.StatusReasonGone:
		return Expired
	}
	switch s.Code {
	case http.StatusGone:
		return Expired
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return Refused
	case http.StatusNotFound:
		return Absent
	case http.StatusUnauthorized:
		return Unauthorized
	case http.StatusForbidden:
		return Forbidden
	case http.StatusTooManyRequests:
		return Throttled
	}
	return ServerFault
}

func hasCause(s metav1.Status, want metav1.CauseType) bool {
	if s.Details == nil {
		return false
	}
	for _, cause := range s.Details.Causes {
		if cause.Type == want {
			return true
		}
	}
	return false
}

// retryAfter is the wait that the server asked for, if it did.
func retryAfter(err error) time.Duration {
	seconds, ok := apierrors.SuggestsClientDelay(err)
	if !ok || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
