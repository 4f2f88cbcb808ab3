package rest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
)

// List makes one request for one page and hands its items to yield as they arrive; the whole page is never held in memory. An item that
// cannot be decoded has its Err set, and the list goes on. An error of yield's ends the list and is returned as it is. The
// returned metadata has the list's resourceVersion and, if there is a next page, its continue token.
//
// The time-out of the configuration bounds the wait for each further piece of the answer, not the whole.
func (r *ResourceClient) List(ctx context.Context, opts metav1.ListOptions, yield func(Item) error) (metav1.ListMeta, error) {
	return r.list(ctx, r.listRequest(opts), new(int), yield)
}

// Items is List for a page that is wanted as a whole. Since nobody has seen a part of it, it asks again if the connection breaks
// midway, as for any other read.
func (r *ResourceClient) Items(ctx context.Context, opts metav1.ListOptions) ([]Item, metav1.ListMeta, error) {
	req, tries := r.listRequest(opts), 0
	for {
		before := tries
		var items []Item
		meta, err := r.list(ctx, req, &tries, func(item Item) error {
			items = append(items, item)
			return nil
		})
		if err == nil {
			return items, meta, nil
		}
		wait, again := req.outcome(tries, err).again()
		if !again || tries == before || req.waitToRepeat(ctx, 0, wait, err) != nil {
			return nil, meta, err
		}
	}
}

func (r *ResourceClient) list(ctx context.Context, req *Request, tries *int, yield func(Item) error) (metav1.ListMeta, error) {
	page, err := r.page(ctx, req, tries)
	if err != nil {
		return metav1.ListMeta{}, err
	}
	defer page.Close()
	return page.Read(nil, yield)
}

// Page is one page of a list whose answer has begun and is yet to be read: what of it has arrived waits in the connection's
// buffers. It owns a connection, or a stream on one, until Close. It is for one goroutine.
type Page struct {
	what        string
	contentType string
	body        io.ReadCloser
	decoder     *decode.Decoder
}

// Page sends the request of one page and returns when the server has accepted or refused it, as List does before the first item. The
// context is that of the reading, too. The caller closes the page.
func (r *ResourceClient) Page(ctx context.Context, opts metav1.ListOptions) (*Page, error) {
	return r.page(ctx, r.listRequest(opts), new(int))
}

func (r *ResourceClient) listRequest(opts metav1.ListOptions) *Request {
	opts.Watch = false
	return r.request(http.MethodGet, "list", r.namespace).VersionedParams(&opts).SetHeader("Accept", r.acceptList)
}

func (r *ResourceClient) page(ctx context.Context, req *Request, tries *int) (*Page, error) {
	resp, err := req.sendAfter(ctx, eachPiece, tries)
	if err != nil {
		return nil, err
	}
	contentType := resp.Header.Get("Content-Type")
	if !isAPI(contentType) {
		defer resp.Body.Close()
		return nil, req.foreignStream(resp)
	}
	body := req.logAsRead(ctx, resp.Body)
	return &Page{what: req.method + " " + req.shown(), contentType: contentType, body: body, decoder: r.decoder}, nil
}

// Read hands the page's items to yield, as List does. It can be called once. Where the server sends the token of the next page before
// the items, next is called with it before the first of them is yielded, so that the next page can be asked for at once; nil:
// nobody wants to know. The time between Page and Read counts for no time-out.
func (p *Page) Read(next func(token string), yield func(Item) error) (metav1.ListMeta, error) {
	var mine error
	meta, err := p.decoder.List(p.contentType, p.body, next, func(item Item) error {
		mine = yield(item)
		return mine
	})
	switch {
	case mine != nil:
		return meta, mine
	case err != nil:
		return meta, fmt.Errorf("%s: reading the list: %w", p.what, err)
	}
	_, _ = io.CopyN(io.Discard, p.body, 1<<10) // the end of the stream, so that the connection can be used again
	return meta, nil
}

// Close gives up what has not been read. It may be called more than once.
func (p *Page) Close() { p.body.Close() }

// foreignStream is the error for a stream that does not come from an API server. Its beginning is shown.
func (r *Request) foreignStream(resp *http.Response) error {
	var start bytes.Buffer
	_, _ = io.CopyN(&start, resp.Body, excerptLimit+1)
	return unreadable(r.method+" "+r.shown(), resp.Header.Get("Content-Type"), start.Bytes(), nil)
}
