package leaderelection

import (
	"fmt"
	"net/http"
)

// Health makes an HTTP handler and a named check of a function such as Elector.Healthy or shard.Replica.Healthy, for a liveness probe:
//
//	mux.Handle("/healthz", leaderelection.Health(elector.Healthy))
type Health func() error

// Name returns "leaderelection".
func (Health) Name() string { return "leaderelection" }

// Check returns what the function does.
func (h Health) Check(*http.Request) error { return h() }

// ServeHTTP answers "ok", or 503 with the error.
func (h Health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.Check(r); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
