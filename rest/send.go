package rest

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/klog/v2"
)

// send makes the request, as often as it takes and is allowed, and returns the first answer that is a success. The caller closes the
// answer's body. Any other answer becomes an error.
func (r *Request) send(ctx context.Context, s scope) (*http.Response, error) {
	return r.sendAfter(ctx, s, new(int))
}

// sendAfter is send after so many tries, which it counts on.
func (r *Request) sendAfter(ctx context.Context, s scope, tries *int) (*http.Response, error) {
	if err := r.err(); err != nil {
		return nil, err
	}
	for {
		*tries++
		if err := r.waitForLimiter(ctx); err != nil {
			return nil, err
		}
		resp, err := r.try(ctx, s)
		if err == nil && r.succeeded(resp) {
			r.warn(ctx, resp)
			return resp, nil
		}
		o := r.outcome(*tries, err)
		if err == nil {
			o.code = resp.StatusCode
			o.retryAfter, o.hasRetry = retryAfter(resp.Header, time.Now())
			err = r.refused(ctx, resp)
		} else {
			err = r.failed(err)
		}
		wait, again := o.again()
		if !again {
			return nil, err
		}
		if why := r.waitToRepeat(ctx, o.code, wait, err); why != nil {
			return nil, fmt.Errorf("%w (not tried again: %w)", err, why)
		}
	}
}

// outcome is what a try came to that was not answered, or not to the end.
func (r *Request) outcome(tries int, err error) outcome {
	return outcome{readOnly: readOnly(r.method) && !r.body.once, replayable: r.body.reader == nil, tries: tries, retries: r.retries, err: err}
}

// succeeded says whether an answer is what was asked for; that includes "not modified", if the request was conditional.
func (r *Request) succeeded(resp *http.Response) bool {
	return resp.StatusCode < 300 || resp.StatusCode == http.StatusNotModified && r.header.Get("If-None-Match") != ""
}

func (r *Request) waitForLimiter(ctx context.Context) error {
	limiter := r.client.shared.limiter
	if limiter == nil {
		return nil
	}
	start := time.Now()
	if err := limiter.Wait(ctx); err != nil {
		return fmt.Errorf("%s %s: waiting for the client's rate limiter: %w", r.method, r.shown(), err)
	}
	if hook := r.client.shared.hooks.RateLimit; hook != nil {
		hook(ctx, r.method, r.client.shared.base.Host, time.Since(start))
	}
	return nil
}

// waitToRepeat returns nil when the time has come to repeat a try that ended with err, or why it will not come.
func (r *Request) waitToRepeat(ctx context.Context, code int, wait time.Duration, err error) error {
	if why := roomFor(ctx, wait); why != nil {
		return why
	}
	if hook := r.client.shared.hooks.Retry; hook != nil {
		hook(ctx, r.method, r.client.shared.base.Host, code, wait)
	}
	level := 3
	if wait >= longWait {
		level = 0
	}
	klog.FromContext(ctx).V(level).Info("Repeating a request", "method", r.method, "url", r.shown(), "after", wait, "why", err.Error())
	return pause(ctx, wait)
}

// try sends the request once.
func (r *Request) try(ctx context.Context, s scope) (*http.Response, error) {
	p := newPatience(ctx, r.timeout, s)
	req, err := http.NewRequestWithContext(p.ctx, r.method, r.URL().String(), nil)
	if err != nil {
		p.end()
		return nil, err
	}
	r.body.attach(req)
	for name, values := range r.header {
		req.Header[name] = values
	}
	start := time.Now()
	resp, err := r.client.shared.http.Do(req)
	latency := time.Since(start)
	if err != nil {
		err = p.explain(cause(err))
		p.end()
	} else {
		p.header(resp)
	}
	r.log(ctx, req, resp, latency, err)
	r.measure(ctx, resp, latency, err)
	return resp, err
}

func (r *Request) measure(ctx context.Context, resp *http.Response, latency time.Duration, err error) {
	hook := r.client.shared.hooks.Request
	if hook == nil {
		return
	}
	info := RequestInfo{
		Method:        r.method,
		Host:          r.client.shared.base.Host,
		Resource:      r.path.resource,
		Verb:          r.verb,
		Latency:       latency,
		RequestBytes:  r.body.size(),
		ResponseBytes: -1,
		Err:           err,
	}
	if err == nil {
		info.Code, info.ResponseBytes = resp.StatusCode, resp.ContentLength
	}
	hook(ctx, info)
}

func (r *Request) warn(ctx context.Context, resp *http.Response) {
	for _, w := range parseWarnings(resp.Header) {
		r.client.shared.warnings(ctx, w)
	}
}
