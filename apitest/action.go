package apitest

import (
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/api"
	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
)

// Action is what a fault does to a request. The zero value does nothing.
type Action struct {
	delay time.Duration
	err   error // the answer, or the watch's last event

	end    ending
	after  int64 // bytes of the body, or events
	events bool

	frames func(done <-chan struct{}) func(api.Frame) ([]api.Frame, api.End)
	object func(k *kinds.Kind, v *history.Version, format wire.Format, data []byte) []byte
	pace   time.Duration // between two pieces of the body, of after bytes each
}

// ending is how an answer ends before its time.
type ending int

const (
	endNone ending = iota
	endCut
	endHalfClose
	endStall
	endClose
	endGarble
)

// Delay serves the request after a while.
func Delay(d time.Duration) Action { return Action{delay: d} }

// Trickle sends the answer's body in pieces of n bytes, with a pause after each.
func Trickle(n int64, pause time.Duration) Action { return Action{after: max(1, n), pace: pause} }

// Fail answers with an error instead of serving the request. A *apierrors.StatusError is sent as it is, with its Retry-After;
// others as 500.
func Fail(err error) Action { return Action{err: err} }

// TooManyRequests answers 429 with a Retry-After.
func TooManyRequests(retryAfter time.Duration) Action {
	return Fail(apierrors.NewTooManyRequests("Too many requests, please try again later.", int(retryAfter/time.Second)))
}

// Unavailable answers 503; retryAfter zero sends no Retry-After.
func Unavailable(retryAfter time.Duration) Action {
	return Fail(apierrors.NewGenericServerResponse(http.StatusServiceUnavailable, "", schema.GroupResource{}, "",
		"the server is currently unable to handle the request", int(retryAfter/time.Second), true))
}

// Expired answers 410, as for a resourceVersion that has been compacted.
func Expired() Action {
	return Fail(apierrors.NewResourceExpired("The resourceVersion for the provided list is too old."))
}

// Cut breaks the connection instead of answering.
func Cut() Action { return CutAfterBytes(0) }

// CutAfterBytes breaks the connection after n bytes of the answer's body. Over HTTP/2 the last of them may be lost.
func CutAfterBytes(n int64) Action { return Action{end: endCut, after: n} }

// HalfCloseAfterBytes ends the connection's direction to the client after n bytes of the answer's body, and keeps the other one open.
func HalfCloseAfterBytes(n int64) Action { return Action{end: endHalfClose, after: n} }

// StallAfterBytes sends n bytes of the answer's body and then nothing, while the connection stays open, until the fault is removed or
// the client leaves.
func StallAfterBytes(n int64) Action { return Action{end: endStall, after: n} }

// CutAfterEvents breaks the connection of a watch after n events, which all arrive. Bookmarks count. This and the other actions after so many
// events take effect at once where n is 0: the watch has been accepted, and that is all.
func CutAfterEvents(n int) Action { return Action{end: endCut, after: int64(n), events: true} }

// HalfCloseAfterEvents ends the connection's direction to the client after n events of a watch, and keeps the other one open.
func HalfCloseAfterEvents(n int) Action {
	return Action{end: endHalfClose, after: int64(n), events: true}
}

// StallAfterEvents sends n events of a watch and then nothing, while the connection stays open, until the fault is removed or the
// client leaves.
func StallAfterEvents(n int) Action { return Action{end: endStall, after: int64(n), events: true} }

// CloseAfterEvents ends a watch in order after n events, as a server does at the watch's time-out.
func CloseAfterEvents(n int) Action { return Action{end: endClose, after: int64(n), events: true} }

// GarbleAfterEvents sends n events of a watch, then bytes that are no event, and ends it.
func GarbleAfterEvents(n int) Action { return Action{end: endGarble, after: int64(n), events: true} }

// FailAfterEvents ends a watch after n events by an ERROR event, such as the one of apierrors.NewResourceExpired.
func FailAfterEvents(n int, err error) Action {
	return Action{end: endClose, after: int64(n), events: true, err: err}
}
