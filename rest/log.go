package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/klog/v2"
)

// The klog levels at which more of a request is logged, each with all of those before.
const (
	logRequests = 6 // method, URL, status, latency
	logHeaders  = 7 // the headers of shownHeaders
	logBodies   = 8 // the beginning of bodies; of streams (watches, logs) there is none
	logMore     = 9 // more of them
)

// How much of a body is logged, in bytes.
const (
	bodyBrief = 1 << 10
	bodyLong  = 32 << 10
)

// shownHeaders are the headers that are logged. All others, first of all credentials, are not.
var shownHeaders = []string{"Accept", "Accept-Encoding", "Audit-Id", "Content-Encoding", "Content-Length", "Content-Type", "Date",
	"Retry-After", "User-Agent", "Warning", "X-Kubernetes-Pf-Flowschema-Uid", "X-Kubernetes-Pf-Prioritylevel-Uid"}

// shownParams are the query parameters whose values are logged. Of all others only the name is, since a request to a proxied service
// may have anything in them.
var shownParams = []string{"allowWatchBookmarks", "continue", "dryRun", "fieldManager", "fieldSelector", "fieldValidation", "force",
	"gracePeriodSeconds", "labelSelector", "limit", "propagationPolicy", "resourceVersion", "resourceVersionMatch", "sendInitialEvents",
	"shardSelector", "timeout", "timeoutSeconds", "watch"}

func (r *Request) log(ctx context.Context, req *http.Request, resp *http.Response, latency time.Duration, err error) {
	logger := klog.FromContext(ctx).V(logRequests)
	if !logger.Enabled() {
		return
	}
	values := []any{"method", r.method, "url", shownWithQuery(req.URL), "latency", latency}
	if err != nil {
		values = append(values, "err", err.Error())
	} else {
		values = append(values, "status", resp.StatusCode)
	}
	if logger.V(logHeaders - logRequests).Enabled() {
		values = append(values, "requestHeaders", headers(req.Header))
		if resp != nil {
			values = append(values, "responseHeaders", headers(resp.Header))
		}
	}
	logger.Info("Request", values...)
	r.logBody(ctx, "request", r.body.data)
}

// bodyLimit is how many bytes of each body are logged, 0 if none are.
func bodyLimit(ctx context.Context) int {
	logger := klog.FromContext(ctx)
	switch {
	case logger.V(logMore).Enabled():
		return bodyLong
	case logger.V(logBodies).Enabled():
		return bodyBrief
	}
	return 0
}

// logBody logs the beginning of a body, unless it may be secret.
func (r *Request) logBody(ctx context.Context, which string, data []byte) {
	if limit := bodyLimit(ctx); limit > 0 {
		r.logBeginning(ctx, which, data[:min(len(data), limit)], len(data))
	}
}

// logBeginning logs the beginning of a body of that size, unless it may be secret.
func (r *Request) logBeginning(ctx context.Context, which string, data []byte, size int) {
	if size == 0 {
		return
	}
	u := r.URL()
	text := fmt.Sprintf("[%d bytes, not shown since they may be secret]", size)
	if !secretPath(u.Path) {
		text = shownBody(data, size)
	}
	klog.FromContext(ctx).V(logBodies).Info("Body", "of", which, "method", r.method, "url", shownWithQuery(u), "body", text)
}

// shownBody is the beginning of a body of that size as text; one in protobuf is quoted.
func shownBody(data []byte, size int) string {
	text := string(data)
	if !utf8.Valid(data[:max(0, len(data)-utf8.UTFMax)]) {
		text = fmt.Sprintf("%q", data)
	}
	if len(data) < size {
		text += fmt.Sprintf("… [%d bytes]", size)
	}
	return text
}

// loggedBody is the body of an answer that is read piece by piece. Its beginning is logged when it is closed.
type loggedBody struct {
	io.ReadCloser
	kept []byte // the beginning; its capacity is what is logged of it
	size int
	log  func(beginning []byte, size int)
}

// logAsRead returns a body that logs its beginning, as far as the level of the context wants that.
func (r *Request) logAsRead(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	limit := bodyLimit(ctx)
	if limit == 0 {
		return body
	}
	return &loggedBody{
		ReadCloser: body,
		kept:       make([]byte, 0, limit),
		log:        func(beginning []byte, size int) { r.logBeginning(ctx, "response", beginning, size) },
	}
}

func (b *loggedBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	b.kept = append(b.kept, buf[:min(n, cap(b.kept)-len(b.kept))]...)
	b.size += n
	return n, err
}

func (b *loggedBody) Close() error {
	b.log(b.kept, b.size)
	b.size = 0 // said once
	return b.ReadCloser.Close()
}

// secretPath says whether what a path of the API carries may be secret: Secrets, the tokens of service accounts, reviews of tokens, and
// whatever is proxied.
func secretPath(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "secrets", "token", "proxy", "authentication.k8s.io", "tokenreviews", "selfsubjectreviews", "exec", "attach", "portforward":
			return true
		}
	}
	return false
}

// shownWithQuery is a URL in which the values of parameters that are no API's own are hidden.
func shownWithQuery(u *url.URL) string {
	query := u.Query()
	for name := range query {
		if !slices.Contains(shownParams, name) {
			query[name] = []string{redacted}
		}
	}
	out := *u
	out.User, out.RawQuery = nil, query.Encode()
	return out.String()
}

func headers(all http.Header) map[string][]string {
	shown := map[string][]string{}
	for _, name := range shownHeaders {
		if values := all[name]; len(values) > 0 {
			shown[name] = values
		}
	}
	return shown
}
