package workqueue

// A Layer adds something to a queue when it is made: see Flows and MaxRetries.
type Layer[K comparable] func(*Queue[K])

// Flows makes keys of different flows, such as tenants or namespaces, take turns, so that a flow with many keys delays its own
// keys and not those of others. In each round a flow is served up to weight keys, in their order; weights below 1 count as
// 1, and a nil weight means 1 for all. Priorities go first: flows share what their priority gets.
//
// Both functions are called with the queue locked: they must be quick, must not use the queue, and of must always
// return the same for the same key. The weight of a flow is asked for whenever the flow comes to have keys.
func Flows[K comparable](of func(key K) string, weight func(flow string) int) Layer[K] {
	return func(q *Queue[K]) {
		for i := range q.ready.bands {
			q.ready.bands[i].of, q.ready.bands[i].weight = of, weight
			q.ready.bands[i].flows = make(map[string]*flow[K])
		}
	}
}

// flow is the queued keys of one flow at one priority. It exists while there are any.
type flow[K comparable] struct {
	list[K]
	name       string
	weight     int
	credit     int      // how many more keys may go in this round
	next, prev *flow[K] // the ring of the band; free ones are linked by next
}

// band is the queued keys of one priority: a ring of flows that take turns.
type band[K comparable] struct {
	turn   *flow[K] // nil: no keys
	only   flow[K]  // all keys, where there are no flows
	of     func(K) string
	weight func(string) int
	flows  map[string]*flow[K]
	free   *flow[K]
}

func (b *band[K]) push(it *item[K]) {
	f := b.flowOf(it.key)
	if f.head == nil {
		b.enter(f)
	}
	f.list.push(it)
	it.flow = f
}

// pop returns the key whose turn it is. The band must not be empty.
func (b *band[K]) pop() *item[K] {
	f := b.turn
	it := f.head
	f.credit--
	if f.credit == 0 {
		f.credit = f.weight
		b.turn = f.next
	}
	b.remove(it)
	return it
}

func (b *band[K]) remove(it *item[K]) {
	f := it.flow
	f.list.remove(it)
	it.flow = nil
	if f.head == nil {
		b.leave(f)
	}
}

func (b *band[K]) flowOf(key K) *flow[K] {
	if b.of == nil {
		b.only.weight = 1
		return &b.only
	}
	name := b.of(key)
	if f := b.flows[name]; f != nil {
		return f
	}
	weight := 1
	if b.weight != nil {
		weight = max(1, b.weight(name))
	}
	f := b.free
	if f == nil {
		f = new(flow[K])
	} else {
		b.free = f.next
	}
	f.name, f.weight = name, weight
	b.flows[name] = f
	return f
}

// enter puts a flow at the end of the round.
func (b *band[K]) enter(f *flow[K]) {
	f.credit = f.weight
	if b.turn == nil {
		f.next, f.prev = f, f
		b.turn = f
		return
	}
	f.next, f.prev = b.turn, b.turn.prev
	f.prev.next, f.next.prev = f, f
}

func (b *band[K]) leave(f *flow[K]) {
	if f.next == f {
		b.turn = nil
	} else {
		if b.turn == f {
			b.turn = f.next
		}
		f.prev.next, f.next.prev = f.next, f.prev
	}
	f.next, f.prev = nil, nil
	if f == &b.only {
		return
	}
	delete(b.flows, f.name)
	*f = flow[K]{next: b.free}
	b.free = f
}
