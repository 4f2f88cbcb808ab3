package discovery

import (
	"context"
	"net/http"
)

// tagKey is where the context of a request says into what variable the tag of its answer goes.
type tagKey struct{}

func withTag(ctx context.Context, tag *string) context.Context {
	return context.WithValue(ctx, tagKey{}, tag)
}

// tagReader is a layer of a transport that reads the ETag of answers.
type tagReader struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t tagReader) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err == nil {
		if tag, ok := req.Context().Value(tagKey{}).(*string); ok {
			*tag = resp.Header.Get("ETag")
		}
	}
	return resp, err
}

// CloseIdleConnections lets rest.Client.CloseIdle reach the transport below.
func (t tagReader) CloseIdleConnections() {
	if below, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		below.CloseIdleConnections()
	}
}
