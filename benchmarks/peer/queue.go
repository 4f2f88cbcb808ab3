package main

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/probe"
)

// NewQueue returns a work queue, without metrics and rate limits.
func (s *subject) NewQueue(keys int) probe.Queue {
	q := &queue{TypedDelayingInterface: workqueue.NewTypedDelayingQueue[types.NamespacedName]()}
	for i := range keys {
		q.keys = append(q.keys, types.NamespacedName{Namespace: fmt.Sprint("team-", i%100), Name: fmt.Sprint("web-", i)})
	}
	return q
}

type queue struct {
	workqueue.TypedDelayingInterface[types.NamespacedName]
	keys []types.NamespacedName
}

func (q *queue) Cycle(i int) int {
	q.Add(q.keys[i])
	key, shutdown := q.Get()
	q.Done(key)
	if shutdown {
		return 0
	}
	return 1
}

func (q *queue) AddAfter(i int) int {
	q.TypedDelayingInterface.AddAfter(q.keys[i], time.Hour+time.Duration(i)*time.Millisecond)
	return 1
}

func (q *queue) Close() { q.ShutDown() }
