package reflector

import (
	"errors"
	"time"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// doubt is what an object leaves behind whose name could not be read: it may be any, and only the full state tells which. The watch goes on
// until that is read, so that one bad object does not blind the rest. If the full state has such an object, it is read again later.
type doubt struct {
	due   time.Time     // when the full state is to be read; zero: there is no doubt
	last  time.Time     // when it was read for that reason, or had such an object
	wait  time.Duration // before it is read again
	fresh bool          // the full state that is being read has such an object
}

// errNoName is what is wrong with an object that came without an error and that nobody could store.
var errNoName = errors.New("it has no name")

// identified returns what is wrong with an object because it is nil or has no name.
func identified(o resource.Object) *decode.ObjectError {
	if o == nil || o.GetName() == "" {
		return &decode.ObjectError{Err: errNoName}
	}
	return nil
}

// The wait between two readings: doubled from the first to the longest, and forgotten after as long without doubt.
const (
	firstDoubt = time.Second
	lastDoubt  = 5 * time.Minute
)

// raise says that there is doubt. The first time the state is read at once.
func (d *doubt) raise(now time.Time, random func(int64) int64) {
	switch {
	case !d.due.IsZero():
	case d.last.IsZero() || now.Sub(d.last) > d.wait+lastDoubt:
		d.due, d.wait = now, firstDoubt
	default:
		d.due = d.last.Add(spread(d.wait, random))
		d.wait = min(2*d.wait, lastDoubt)
	}
}

// settle says that a full state has been read.
func (d *doubt) settle(now time.Time, random func(int64) int64) {
	if !d.due.IsZero() || d.fresh {
		d.due, d.last = time.Time{}, now
	}
	if d.fresh {
		d.wait = max(d.wait, firstDoubt)
		d.raise(now, random)
	}
}
