package typed

import (
	"context"
	"errors"
	"fmt"
	"iter"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// pageSize is how many objects All asks for at once, unless the options say otherwise.
const pageSize = 500

// errEnough ends a list whose consumer has left the loop.
var errEnough = errors.New("enough")

// All returns the objects that the options select, one by one as they arrive, page by page: neither the collection nor a page of it
// is held in memory. opts.Limit is the size of a page (default 500).
//
// An object that cannot be decoded is an element with an error, which errors.As finds to be a *rest.ObjectError, and the loop goes on. Any
// other error is the last element. If the server forgets a page before it is asked for, that is such an error (apierrors.IsResourceExpired):
// start again, or set opts.Limit to a number that is larger than the collection.
//
// A page is one answer, which stays open while the loop works on its objects. The client's time-out bounds only the waits for the server, but
// servers end answers, too: by default after a minute. A loop that takes long over an object sets opts.Limit to as many as it does in that time.
func (c Client[T]) All(ctx context.Context, opts metav1.ListOptions) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := c.can("list", resource.VerbList); err != nil {
			yield(*new(T), err)
			return
		}
		if opts.Limit == 0 {
			opts.Limit = pageSize
		}
		for {
			meta, err := c.rest.List(ctx, opts, func(item rest.Item) error { return c.hand(item, yield) })
			switch {
			case err == errEnough:
				return
			case apierrors.IsResourceExpired(err) && opts.Continue != "":
				err = fmt.Errorf("list %s: a later page: %w", c.def, err)
				fallthrough
			case err != nil:
				yield(*new(T), err)
				return
			case meta.Continue == "":
				return
			}
			opts.Continue = meta.Continue
			opts.ResourceVersion, opts.ResourceVersionMatch = "", "" // the token has it
		}
	}
}

// hand passes an item on, and says errEnough if no more are wanted.
func (c Client[T]) hand(item rest.Item, yield func(T, error) bool) error {
	more := false
	if item.Err != nil {
		more = yield(*new(T), fmt.Errorf("list %s: %w", c.def, item.Err))
	} else {
		more = yield(item.Object.(T), nil)
	}
	if !more {
		return errEnough
	}
	return nil
}
