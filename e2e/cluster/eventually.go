package cluster

import (
	"context"
	"testing"
	"time"
)

// Eventually asks whether something has come about until it has, and fails the test with the last answer if that takes longer than
// within. What is waited for is named in the failure.
func Eventually(t testing.TB, within time.Duration, what string, done func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := done()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}
