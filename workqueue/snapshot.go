package workqueue

import "time"

// Snapshot is what a queue knows at one moment.
type Snapshot[K comparable] struct {
	Taken time.Time
	Keys  []Status[K] // in no order
}

// Status is what a queue knows about one key. Several of the times may be set: a key that is being worked on may be
// delayed, for a later run, and wanted again as soon as this one is done.
type Status[K comparable] struct {
	Key K

	Queued   bool      // it waits to be worked on
	Again    bool      // … as soon as the present run is over
	Since    time.Time // since when it waits; only known if the queue has metrics
	QueuedBy Reason
	Priority Priority

	Running   time.Time // since when it is being worked on, some 10 ms early if the queue is busy and has no metrics; zero: it is not
	RunningBy Reason

	Until     time.Time // when its delay ends; zero: it has none
	DelayedBy Reason

	Requeues int // since it was forgotten
}

// Snapshot says of each key that the queue knows what it waits for, until or since when, and why. The queue is locked
// while it is taken, for some tens of milliseconds if there are a million keys.
func (q *Queue[K]) Snapshot() Snapshot[K] {
	q.lock()
	defer q.unlock()
	s := Snapshot[K]{Taken: time.Now(), Keys: make([]Status[K], 0, q.items.size)}
	q.items.all(func(it *item[K]) { s.Keys = append(s.Keys, q.status(it)) })
	return s
}

func (q *Queue[K]) status(it *item[K]) Status[K] {
	s := Status[K]{Key: it.key, Requeues: int(it.requeues)}
	at := func(t int64) time.Time { return q.epoch.Add(time.Duration(t)) }
	if it.has(running) {
		s.Running, s.RunningBy, s.Priority = at(it.started), it.runWhy, it.runLevel
	}
	if it.has(queued | again) {
		s.Queued, s.Again, s.QueuedBy, s.Priority = true, it.has(again), it.why, it.priority
		if q.metrics != nil {
			s.Since = at(it.since)
		}
	}
	if it.has(delayed) {
		s.Until, s.DelayedBy = at(it.due), it.dueWhy
	}
	return s
}
