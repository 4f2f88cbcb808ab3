package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"k8s.io/klog/v2"
)

// tokenSource yields the token to send.
type tokenSource interface {
	// token returns the current token, "" for none.
	token(ctx context.Context) (string, error)
	// rejected is told that the server answered 401 to a token. It says whether another one may be had.
	rejected(token string) bool
}

// newTokenSource returns the source that the configuration names, or nil. plugin is the one that the connections use, if any.
func newTokenSource(cfg *Config, plugin *execPlugin) (tokenSource, error) {
	switch {
	case cfg.BearerTokenFile != "":
		return newTokenFile(cfg.BearerTokenFile, cfg.BearerToken)
	case cfg.BearerToken != "":
		return staticToken(cfg.BearerToken), nil
	case plugin != nil:
		return plugin, nil
	case cfg.OIDC != nil:
		return newOIDCSession(cfg.OIDC)
	}
	return nil, nil
}

// bearerLayer adds the token to each request. When the server rejects it, it asks the source for another and repeats the request
// once: a request that was not authenticated did not happen.
type bearerLayer struct {
	next   http.RoundTripper
	source tokenSource
}

func (l *bearerLayer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Authorization") != "" {
		return l.next.RoundTrip(req)
	}
	token, resp, err := l.try(req, req.Body)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !l.source.rejected(token) {
		return resp, err
	}
	body, ok := bodyAgain(req)
	if !ok {
		return resp, nil
	}
	discard(resp)
	_, resp, err = l.try(req, body)
	return resp, err
}

func (l *bearerLayer) try(req *http.Request, body io.ReadCloser) (string, *http.Response, error) {
	token, err := l.source.token(req.Context())
	if err != nil {
		if body != nil {
			body.Close()
		}
		return "", nil, err
	}
	out := req.Clone(req.Context())
	out.Body = body
	if token != "" {
		out.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := l.next.RoundTrip(out)
	return token, resp, err
}

// bodyAgain returns the request's body from its beginning, if it can be had a second time.
func bodyAgain(req *http.Request) (io.ReadCloser, bool) {
	switch {
	case req.Body == nil || req.Body == http.NoBody || req.Body == onceBody{}:
		return req.Body, true
	case req.GetBody == nil:
		return nil, false
	}
	body, err := req.GetBody()
	return body, err == nil
}

// discard reads the rest of an answer, if it is short, so that its connection can be used again.
func discard(resp *http.Response) {
	const enough = 64 << 10
	_, _ = io.CopyN(io.Discard, resp.Body, enough)
	resp.Body.Close()
}

type staticToken string

func (t staticToken) token(context.Context) (string, error) { return string(t), nil }
func (t staticToken) rejected(string) bool                  { return false }

// rereadAfter is how old the content of a file with credentials may be.
const rereadAfter = time.Minute

// tokenFile is a file that somebody else, such as a kubelet, replaces from time to time.
type tokenFile struct {
	path string

	mu     sync.Mutex // owns what follows
	last   string
	readAt time.Time
}

func newTokenFile(path, fallback string) (*tokenFile, error) {
	f := &tokenFile{path: path}
	token, err := readTokenFile(path)
	switch {
	case err == nil:
		f.last = token
		f.readAt = time.Now()
	case fallback == "":
		return nil, err
	default:
		f.last = fallback
	}
	return f, nil
}

// token returns the file's content, at most a minute old. A file that has become unreadable leaves the last token in use.
func (f *tokenFile) token(ctx context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.readAt) < rereadAfter {
		return f.last, nil
	}
	f.readAt = time.Now()
	token, err := readTokenFile(f.path)
	if err != nil {
		klog.FromContext(ctx).Error(err, "Keeping the last token, because its file cannot be read again")
		return f.last, nil
	}
	f.last = token
	return token, nil
}

// rejected reads the file at once, since the token may have been rotated within the last minute.
func (f *tokenFile) rejected(token string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if token == f.last {
		if fresh, err := readTokenFile(f.path); err == nil {
			f.last, f.readAt = fresh, time.Now()
		}
	}
	return token != f.last
}

// String keeps the token out of whatever prints the source.
func (f *tokenFile) String() string { return fmt.Sprintf("token file %s", f.path) }
