package history

// queue is a first-in first-out list over a slice, with access by position.
type queue[T any] struct {
	items []T
	start int
}

func (q *queue[T]) len() int    { return len(q.items) - q.start }
func (q *queue[T]) at(i int) T  { return q.items[q.start+i] }
func (q *queue[T]) first() T    { return q.at(0) }
func (q *queue[T]) last() T     { return q.at(q.len() - 1) }
func (q *queue[T]) push(item T) { q.items = append(q.items, item) }

func (q *queue[T]) pop() T {
	var zero T
	item := q.items[q.start]
	q.items[q.start] = zero
	q.start++
	if q.start > 1024 && q.start > len(q.items)/2 {
		n := copy(q.items, q.items[q.start:])
		clear(q.items[n:])
		q.items, q.start = q.items[:n], 0
	}
	return item
}

func (q *queue[T]) popLast() T {
	var zero T
	last := len(q.items) - 1
	item := q.items[last]
	q.items[last] = zero
	q.items = q.items[:last]
	return item
}
