package probe

import (
	"fmt"
	"math/rand/v2"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// Queue is a work queue, whose keys are numbered: namespace and name.
type Queue interface {
	// Cycle adds a key, gets it and is done with it.
	Cycle(key int) int
	// AddAfter adds a key after an hour and something, which no run lasts.
	AddAfter(key int) int
	Close()
}

// queueKeys is how many keys are in turn.
const queueKeys = 1 << 16

// queue measures the work queue: one key after the other, and as many delayed ones as there are keys.
func (r *run) queue() error {
	q := r.subject.NewQueue(queueKeys)
	defer q.Close()
	if n := q.Cycle(0); n != 1 {
		return fmt.Errorf("the queue returns %d keys for one", n)
	}
	order := rand.New(rand.NewPCG(7, 8)).Perm(queueKeys)
	r.figures[workload.Cycle], _ = each(order, q.Cycle)
	for _, key := range order {
		q.AddAfter(key)
	}
	r.figures[workload.AddAfter], _ = each(order, q.AddAfter)
	return nil
}
