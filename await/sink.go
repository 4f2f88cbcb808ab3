package await

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// one takes the states of one object and looks whether the wait is over. All methods but seen are called by the reflector's goroutine.
type one[T resource.Object] struct {
	key     string
	until   Until[T]
	over    context.CancelCauseFunc
	version string
	found   T

	mu   sync.Mutex // owns last
	last string     // what was seen last, in words
}

// look tells the condition about a state: nil means that there is no object.
func (s *one[T]) look(o resource.Object) {
	found, there := o.(T)
	s.say(found, there)
	done, err := s.until(found, there)
	switch {
	case err != nil:
		s.over(err)
	case done:
		s.found = found
		s.over(errMet)
	}
}

func (s *one[T]) say(o T, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = "there is no such object"
	if there {
		s.last = fmt.Sprintf("the object is there, at resourceVersion %s, and does not meet the condition", o.GetResourceVersion())
	}
}

func (s *one[T]) seen(failure *reflector.Failure) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.last != "":
		return s.last
	case failure != nil:
		return fmt.Sprintf("its state could not be read: %v", failure.Err)
	default:
		return "its state could not be read"
	}
}

// Change implements reflector.Sink.
func (s *one[T]) Change(ctx context.Context, e rest.Event) error {
	s.version = e.ResourceVersion
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // over already
	case e.Err != nil:
		s.over(e.Err)
	case e.Type == watch.Deleted:
		s.look(nil)
	case e.Object != nil:
		s.look(e.Object)
	}
	return nil
}

// Flush implements reflector.Sink.
func (s *one[T]) Flush(context.Context) (string, error) { return s.version, nil }

// Replace implements reflector.Sink.
func (s *one[T]) Replace() reflector.Replacement { return &state[T]{sink: s} }

// state collects a full state: of an object, or of none.
type state[T resource.Object] struct {
	sink *one[T]
	now  resource.Object
	err  error
}

// Item implements reflector.Replacement.
func (s *state[T]) Item(item rest.Item) {
	s.now = item.Object
	if item.Err != nil {
		s.err = item.Err
	}
}

// Change implements reflector.Replacement.
func (s *state[T]) Change(e rest.Event) bool {
	s.now, s.err = nil, nil
	if e.Err != nil {
		s.err = e.Err
	} else if e.Type != watch.Deleted {
		s.now = e.Object
	}
	return true
}

// Len implements reflector.Replacement.
func (s *state[T]) Len() int {
	if s.now == nil && s.err == nil {
		return 0
	}
	return 1
}

// Truncate implements reflector.Replacement.
func (s *state[T]) Truncate(n int) {
	if n == 0 {
		s.now, s.err = nil, nil
	}
}

// Commit implements reflector.Replacement.
func (s *state[T]) Commit(_ context.Context, version string) error {
	s.sink.version = version
	if s.err != nil {
		s.sink.over(s.err)
		return nil
	}
	s.sink.look(s.now)
	return nil
}

// Abandon implements reflector.Replacement.
func (s *state[T]) Abandon() {}
