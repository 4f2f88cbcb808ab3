package cache

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/resource"
)

// deliver makes the call that a notice stands for. A panic in it ends here.
func (l *listener) deliver(n *notice, initial, resync bool) {
	defer l.recovered(n)
	l.calls.Add(1)
	open := n.opened()
	n = &open
	if l.passed != nil {
		l.deliverFiltered(n, initial, resync)
		return
	}
	switch {
	case n.new == nil:
		l.handler.OnDelete(n.old, n.unknown)
	case n.old == nil:
		l.handler.OnAdd(n.new, initial)
	default:
		l.handler.OnUpdate(n.old, n.new, resync)
	}
}

// deliverFiltered remembers which objects the handler knows, so that what it hears is in order even if the filter changes its mind.
func (l *listener) deliverFiltered(n *notice, initial, resync bool) {
	key := resource.KeyOf(n.object())
	_, was := l.passed[key]
	is := n.new != nil && l.opts.Filter(n.new)
	switch {
	case was && is:
		l.handler.OnUpdate(n.old, n.new, resync)
	case is:
		l.passed[key] = struct{}{}
		l.handler.OnAdd(n.new, initial)
	case was:
		delete(l.passed, key)
		l.handler.OnDelete(n.old, n.unknown)
	}
}

// recovered ends a panic of the handler.
func (l *listener) recovered(n *notice) {
	p := recover()
	if p == nil {
		return
	}
	l.panics.Add(1)
	key := resource.KeyOf(n.object())
	stack := debug.Stack()
	l.mu.Lock()
	l.panic = fmt.Sprintf("on %s: %v", key, p)
	log := l.log
	l.mu.Unlock()
	log.Error(fmt.Errorf("panic: %v", p), "A handler panicked; the others and its later calls go on",
		"handler", l.opts.Name, "object", klog.KRef(key.Namespace, key.Name), "stack", string(stack))
}

// isCurrentGoroutine says whether the caller is inside of the handler.
func (l *listener) isCurrentGoroutine() bool { return l.goroutine.Load() == goroutineID() }

// goroutineID returns the number of the current goroutine. The runtime has no function for it, but has always begun a stack trace with
// it. It is used only to find out whether Wait was called from inside of the handler that it would wait for.
func goroutineID() uint64 {
	var buffer [64]byte
	text := bytes.TrimPrefix(buffer[:runtime.Stack(buffer[:], false)], []byte("goroutine "))
	digits, _, _ := bytes.Cut(text, []byte(" "))
	id, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return 0
	}
	return id
}
