package rest

import (
	"context"
	"fmt"
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
	logBodies   = 8 // the beginning of bodies
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

// logBody logs the beginning of a body, unless it may be secret.
func (r *Request) logBody(ctx context.Context, which string, data []byte) {
	logger := klog.FromContext(ctx).V(logBodies)
	if len(data) == 0 || !logger.Enabled() {
		return
	}
	limit := bodyBrief
	if logger.V(logMore - logBodies).Enabled() {
		limit = bodyLong
	}
	u := r.URL()
	text := fmt.Sprintf("[%d bytes, not shown since they may be secret]", len(data))
	if !secretPath(u.Path) {
		text = shownBody(data, limit)
	}
	logger.Info("Body", "of", which, "method", r.method, "url", shownWithQuery(u), "body", text)
}

// shownBody is the beginning of a body as text; one in protobuf is quoted.
func shownBody(data []byte, limit int) string {
	cut := data[:min(len(data), limit)]
	text := string(cut)
	if !utf8.Valid(cut[:max(0, len(cut)-utf8.UTFMax)]) {
		text = fmt.Sprintf("%q", cut)
	}
	if len(cut) < len(data) {
		text += fmt.Sprintf("… [%d bytes]", len(data))
	}
	return text
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
