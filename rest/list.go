package rest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// List makes one request for one page and hands its items to yield as they arrive; the whole page is never held in memory. An item that
// cannot be decoded has its Err set, and the list goes on. An error of yield's ends the list and is returned as it is. The
// returned metadata has the list's resourceVersion and, if there is a next page, its continue token.
//
// The time-out of the configuration bounds the wait for each further piece of the answer, not the whole.
func (r *ResourceClient) List(ctx context.Context, opts metav1.ListOptions, yield func(Item) error) (metav1.ListMeta, error) {
	opts.Watch = false
	req := r.request(http.MethodGet, "list", r.namespace).VersionedParams(&opts).SetHeader("Accept", r.acceptList)
	resp, err := req.send(ctx, eachPiece)
	if err != nil {
		return metav1.ListMeta{}, err
	}
	defer resp.Body.Close()
	contentType := resp.Header.Get("Content-Type")
	if !isAPI(contentType) {
		return metav1.ListMeta{}, req.foreignStream(resp)
	}
	var mine error
	meta, err := r.decoder.List(contentType, resp.Body, func(item Item) error {
		mine = yield(item)
		return mine
	})
	switch {
	case mine != nil:
		return meta, mine
	case err != nil:
		return meta, fmt.Errorf("%s %s: reading the list: %w", req.method, req.shown(), err)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<10) // the end of the stream, so that the connection can be used again
	return meta, nil
}

// foreignStream is the error for a stream that does not come from an API server. Its beginning is shown.
func (r *Request) foreignStream(resp *http.Response) error {
	var start bytes.Buffer
	_, _ = io.CopyN(&start, resp.Body, excerptLimit+1)
	return unreadable(r.method+" "+r.shown(), resp.Header.Get("Content-Type"), start.Bytes(), nil)
}
