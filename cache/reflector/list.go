package reflector

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
)

// list reads one page.
func (r *Reflector) list(ctx context.Context, s state) (state, outcome, error) {
	if r.pending == nil {
		r.begin()
	}
	limit := r.opts.Progress << min(s.stalls, maxStretch)
	requestCtx, dog := newWatchdog(ctx, limit, fmt.Errorf("%w for %v", errStalled, limit))
	defer dog.stop()

	before := r.pending.Len()
	meta, err := r.read(ctx, requestCtx, s, func(item decode.Item) error {
		dog.fed()
		if !item.Skipped {
			if item.Err == nil {
				item.Err = identified(item.Object)
			}
			r.pending.Item(item)
			r.doubt.fresh = r.doubt.fresh || item.Err.Nameless()
			r.board.read.Add(1)
		}
		dog.hungry(time.Now(), true)
		return requestCtx.Err()
	})
	if err != nil {
		err = because(requestCtx, err)
		r.pending.Truncate(before)
		r.board.read.Store(int64(before))
		return s, outcome{class: classify(err)}, err
	}
	r.pauses.succeeded(time.Now())
	if meta.Continue == "" {
		dog.stop()
		if err := r.complete(ctx, s, meta.ResourceVersion); err != nil {
			return s, outcome{class: Cut}, err
		}
	}
	return s, outcome{version: meta.ResourceVersion, token: meta.Continue}, nil
}

// listOptions are the parameters of a page. pageSize is the user's wish, 0 if there is none.
func (s state) listOptions(pageSize int64) metav1.ListOptions {
	limit := pageSize
	if limit == 0 {
		limit = defaultPageSize
	}
	if s.page > 1 {
		return metav1.ListOptions{Limit: limit, Continue: s.token}
	}
	opts := metav1.ListOptions{}
	switch {
	case s.newest:
	case s.version != "":
		opts.ResourceVersion = s.version
		opts.ResourceVersionMatch = metav1.ResourceVersionMatchNotOlderThan
	case pageSize == 0:
		opts.ResourceVersion = "0"
	}
	// A list at a version comes from the server's cache, which has no pages.
	if cached := opts.ResourceVersionMatch != ""; !s.whole && (!cached || pageSize > 0) {
		opts.Limit = limit
	}
	return opts
}
