package reflector

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// ListerWatcher is a collection that can be listed and watched. Both methods must return soon after their context is done.
type ListerWatcher interface {
	// List asks for one page and yields its items one by one, in order. It stops at yield's first error and returns it. The
	// returned metadata has the version of the list and the token of the next page.
	List(ctx context.Context, opts metav1.ListOptions, yield func(decode.Item) error) (metav1.ListMeta, error)
	// Watch starts a watch. It returns when the server has accepted or refused it.
	Watch(ctx context.Context, opts metav1.ListOptions) (Watcher, error)
}

// Watcher is a running watch.
type Watcher interface {
	// Next waits for the next event. The error is io.EOF when the server ended the watch in good order.
	Next() (decode.Event, error)
	// Close ends the watch and makes a waiting Next return. It may be called from any goroutine, and more than once.
	Close()
}

// Opener is what a ListerWatcher may offer on top: to send the request of a page apart from reading the answer. With it, the next page of a list
// is asked for as soon as its token is known, while the items of the page before are still decoded, and List is not called.
type Opener interface {
	// Open asks for one page. It returns when the server has accepted or refused it. It is called in a goroutine of its
	// own, while the page before is read, but never while another Open, a List or a Watch runs.
	Open(ctx context.Context, opts metav1.ListOptions) (Page, error)
}

// Page is the answer to the request of a page, before it is read. The context of Open is that of Read, too.
type Page interface {
	// Read yields the items like List. It is called at most once. Where the token of the next page comes before the items, it
	// calls next with it before it yields the first one.
	Read(next func(token string), yield func(decode.Item) error) (metav1.ListMeta, error)
	// Close gives up what has not been read.
	Close()
}

// Getter is what a ListerWatcher may offer on top: reading one object alone, in its newest state. The object is private to the
// caller.
type Getter interface {
	Get(ctx context.Context, key resource.Key) (resource.Object, error)
}

// Streamer is what a ListerWatcher may offer on top: to say that it cannot stream the initial state of a watch, so that it is not
// asked to.
type Streamer interface {
	StreamsInitialState() bool
}

// Selecting is what a ListerWatcher may offer on top: to say which of the resource's objects it has.
type Selecting interface {
	// Selection returns what says whether an object, as the server returned it from a write, is in the collection. The error says why that
	// cannot be known.
	Selection() (func(resource.Object) bool, error)
}

// Decoding is what a ListerWatcher may offer on top: to decode its objects as the cache that holds them wants it. Objects that share parts
// are read-only.
type Decoding interface {
	Decoding(opts ...decode.Option) ListerWatcher
}

// Sink takes what a reflector reads, in order, from one goroutine.
type Sink interface {
	// Replace starts to collect a new full state. Nothing of it is visible before Commit.
	Replace() Replacement
	// Change takes one event: Added, Modified, Deleted or Bookmark. It blocks while too much is waiting to be applied.
	Change(ctx context.Context, event decode.Event) error
	// Flush waits until everything taken so far has been applied, and returns the resourceVersion reached by that.
	Flush(ctx context.Context) (resourceVersion string, err error)
}

// Replacement collects a full state.
type Replacement interface {
	// Item adds one object of a list.
	Item(item decode.Item)
	// Change changes what has been collected: the initial events of a watch, and those that come between them.
	Change(event decode.Event) (fresh bool)
	// Len returns how many objects there are.
	Len() int
	// Truncate forgets all but the first n objects.
	Truncate(n int)
	// Commit hands the collected state over as the collection's state at a version. It may block like Sink.Change.
	Commit(ctx context.Context, resourceVersion string) error
	// Abandon gives the collection up. After Commit it does nothing.
	Abandon()
}
