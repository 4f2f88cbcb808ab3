package events

import (
	"container/list"
	"iter"
)

// latest is a map with room for so many entries: a further one pushes out the one that was used least lately.
type latest[K comparable, V any] struct {
	room  int
	order *list.List // of entries, the one used last in front
	at    map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newLatest[K comparable, V any](room int) latest[K, V] {
	return latest[K, V]{room, list.New(), map[K]*list.Element{}}
}

// use returns what is kept under a key, and makes it the one that was used last.
func (l latest[K, V]) use(key K) (V, bool) {
	e, ok := l.at[key]
	if !ok {
		var none V
		return none, false
	}
	l.order.MoveToFront(e)
	return e.Value.(entry[K, V]).value, true
}

// put keeps a value under a key that has none.
func (l latest[K, V]) put(key K, value V) {
	for full := range l.full() {
		l.remove(full)
	}
	l.at[key] = l.order.PushFront(entry[K, V]{key, value})
}

func (l latest[K, V]) remove(key K) {
	if e, ok := l.at[key]; ok {
		l.order.Remove(e)
		delete(l.at, key)
	}
}

// all begins with what has been used least lately. What it has yielded may be removed meanwhile.
func (l latest[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for e := l.order.Back(); e != nil; {
			next := e.Prev()
			if kept := e.Value.(entry[K, V]); !yield(kept.key, kept.value) {
				return
			}
			e = next
		}
	}
}

// full yields what the next put pushes out, if anything.
func (l latest[K, V]) full() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key, value := range l.all() {
			if len(l.at) < l.room || !yield(key, value) {
				return
			}
		}
	}
}
