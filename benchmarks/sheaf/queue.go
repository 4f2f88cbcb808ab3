package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/probe"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/workqueue"
)

// NewQueue returns a work queue.
func (s *subject) NewQueue(keys int) probe.Queue {
	q := &queue{Queue: workqueue.New[resource.Key](workqueue.Options{})}
	for i := range keys {
		q.keys = append(q.keys, resource.Key{Namespace: fmt.Sprint("team-", i%100), Name: fmt.Sprint("web-", i)})
	}
	return q
}

type queue struct {
	*workqueue.Queue[resource.Key]
	keys []resource.Key
}

func (q *queue) Cycle(i int) int {
	q.Add(q.keys[i])
	key, shutdown := q.Get(context.Background())
	q.Done(key)
	if shutdown {
		return 0
	}
	return 1
}

func (q *queue) AddAfter(i int) int {
	q.Queue.AddAfter(q.keys[i], time.Hour+time.Duration(i)*time.Millisecond)
	return 1
}

func (q *queue) Close() { q.ShutDown() }
