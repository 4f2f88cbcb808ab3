package cache

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Health is a health check of informers: it fails as long as one of them is staler than a bound. It fits where a check with a name is
// wanted, and is an http.Handler, which answers 200 or 503.
type Health struct {
	// Bound is the staleness that is still healthy: the age of the last news of each stream, or, before the first full state, of the
	// informer's start. Servers send bookmarks about once a minute; resources without bookmarks need a bound above the longest time in
	// which nothing changes.
	Bound time.Duration
	// Informers returns those that are looked at. Informers that were not started, or have stopped, are not healthy.
	Informers func() []*SharedIndexInformer
}

var _ http.Handler = Health{}

// Name returns "informers".
func (h Health) Name() string { return "informers" }

// Check returns an error that names each informer that is too stale, and what it is doing.
func (h Health) Check(*http.Request) error {
	var errs []error
	for _, i := range h.Informers() {
		s := i.Status()
		switch {
		case !s.Running:
			errs = append(errs, errors.New(s.String()))
		case s.Staleness > h.Bound:
			errs = append(errs, fmt.Errorf("no news for %v: %s", s.Staleness.Round(time.Second), s))
		}
	}
	return errors.Join(errs...)
}

// ServeHTTP answers "ok", or 503 with what Check says.
func (h Health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := h.Check(r); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, "ok")
}
