package cache

import "sync"

// enlisted are the informers whose Run has begun and has not returned.
var enlisted = struct {
	mu  sync.Mutex // owns all
	all map[*SharedIndexInformer]struct{}
}{all: map[*SharedIndexInformer]struct{}{}}

// Running returns the informers of this process that are running, in no order, for metrics and health checks that concern
// all of them.
func Running() []*SharedIndexInformer {
	enlisted.mu.Lock()
	defer enlisted.mu.Unlock()
	all := make([]*SharedIndexInformer, 0, len(enlisted.all))
	for i := range enlisted.all {
		all = append(all, i)
	}
	return all
}

// enlist makes the informer one of those that are running, until the function that it returns is called.
func (i *SharedIndexInformer) enlist() (strike func()) {
	enlisted.mu.Lock()
	defer enlisted.mu.Unlock()
	enlisted.all[i] = struct{}{}
	return func() {
		enlisted.mu.Lock()
		defer enlisted.mu.Unlock()
		delete(enlisted.all, i)
	}
}
