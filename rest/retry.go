package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// longWait is a wait that is said in the log at its default level, since the caller seems to hang meanwhile.
const longWait = time.Minute

// outcome is what a try came to, as far as the decision to repeat it needs to know.
type outcome struct {
	readOnly   bool // the request changes nothing
	replayable bool // the body can be sent again
	tries      int  // so far, this one included
	retries    int  // how many may follow the first try
	code       int  // 0: no answer
	retryAfter time.Duration
	hasRetry   bool  // the answer carried a Retry-After
	err        error // why there was no answer
}

// again decides whether to repeat a request, and after what time. A write is repeated only after 429, by which the server says that it
// did nothing; everything else that is repeated changes nothing on the server. How long the server makes it wait is no reason to give
// up: the caller's context is.
func (o outcome) again() (wait time.Duration, ok bool) {
	switch {
	case o.tries > o.retries || !o.replayable:
		return 0, false
	case o.err != nil:
		return brokenWait(o.tries), o.readOnly && connectionBroke(o.err)
	case !o.hasRetry:
		return 0, false
	case o.code == http.StatusTooManyRequests:
		return o.retryAfter, true
	case o.code >= 500:
		return o.retryAfter, o.readOnly
	}
	return 0, false
}

// brokenWait is the time to wait after a broken connection: nothing at first, since a server or balancer may just have closed an old one.
func brokenWait(tries int) time.Duration {
	if tries <= 1 {
		return 0
	}
	return min(50*time.Millisecond<<min(tries-2, 10), 2*time.Second)
}

func readOnly(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// connectionBroke says whether an established connection was lost before the answer came, other than by this side giving up.
func connectionBroke(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, net.ErrClosed) {
		return true
	}
	// net/http has no values or types for these.
	text := err.Error()
	for _, known := range []string{"http2: client connection lost", "GOAWAY", "server closed idle connection", "connection closed before", "REFUSED_STREAM"} {
		if strings.Contains(text, known) {
			return true
		}
	}
	return false
}

// maxRetryAfter is what a Status can say of a wait, 68 years.
const maxRetryAfter = math.MaxInt32 * time.Second

// retryAfter reads the header of that name: seconds, or a date. It is at most maxRetryAfter.
func retryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	value := header.Get("Retry-After")
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.Atoi(value); err == nil {
		if seconds < 0 {
			return 0, false
		}
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter), true
	}
	return 0, false
}

// roomFor says why ctx leaves no time to wait so long, if it does not: then there is no use in beginning to.
func roomFor(ctx context.Context, wait time.Duration) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	deadline, ok := ctx.Deadline()
	if left := time.Until(deadline); ok && left < wait {
		return fmt.Errorf("a wait of %v does not fit into the %v that the context has left: %w", wait, left.Round(time.Millisecond), context.DeadlineExceeded)
	}
	return nil
}

// pause waits, or returns early with the cause of ctx's end.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
