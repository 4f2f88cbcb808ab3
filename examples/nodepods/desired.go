package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/rest"
)

// desired is what should run on the node. It is a reflector's sink: all its methods are called by the reflector's goroutine.
type desired struct {
	node    string
	out     io.Writer
	pods    map[resource.Key]*corev1.Pod
	version string // of the last thing applied: where the next watch resumes
}

func newDesired(node string, out io.Writer) *desired {
	return &desired{node: node, out: out, pods: map[resource.Key]*corev1.Pod{}}
}

// Change applies one event.
func (d *desired) Change(_ context.Context, e rest.Event) error {
	d.version = e.ResourceVersion
	if apply(d.pods, e) {
		d.show()
	}
	return nil
}

// apply changes a set of pods as an event says, and says whether it did.
func apply(pods map[resource.Key]*corev1.Pod, e rest.Event) bool {
	if e.Object == nil { // a bookmark, or a pod that could not be decoded
		return false
	}
	key := resource.KeyOf(e.Object)
	if e.Type == watch.Deleted {
		delete(pods, key)
	} else {
		pods[key] = e.Object.(*corev1.Pod)
	}
	return true
}

// Flush has nothing to wait for: what was taken is applied.
func (d *desired) Flush(context.Context) (string, error) { return d.version, nil }

// Replace collects a full state, which takes the place of the old one in Commit, at once.
func (d *desired) Replace() reflector.Replacement {
	return &replacement{sink: d, pods: map[resource.Key]*corev1.Pod{}}
}

func (d *desired) show() {
	var names []string
	for _, key := range slices.SortedFunc(maps.Keys(d.pods), resource.Key.Compare) {
		names = append(names, fmt.Sprintf("%s (%s)", key, d.pods[key].Status.Phase))
	}
	fmt.Fprintf(d.out, "%s should run %d pods: %s\n", d.node, len(names), strings.Join(names, ", "))
}

// replacement is a full state that is being read.
type replacement struct {
	sink  *desired
	pods  map[resource.Key]*corev1.Pod
	order []resource.Key
}

// Item adds a pod of a list.
func (r *replacement) Item(item rest.Item) {
	if item.Object != nil {
		r.Change(rest.Event{Type: watch.Added, Object: item.Object})
	}
}

// Change takes a pod of the first events of a watch.
func (r *replacement) Change(e rest.Event) bool {
	if !apply(r.pods, e) {
		return false
	}
	r.order = append(r.order, resource.KeyOf(e.Object))
	return true
}

// Len is how many pods there are so far.
func (r *replacement) Len() int { return len(r.order) }

// Truncate takes a page back that is read again.
func (r *replacement) Truncate(n int) {
	for _, key := range r.order[n:] {
		delete(r.pods, key)
	}
	r.order = r.order[:n]
}

// Commit makes it the state.
func (r *replacement) Commit(_ context.Context, version string) error {
	r.sink.pods, r.sink.version = r.pods, version
	r.sink.show()
	return nil
}

// Abandon forgets it.
func (r *replacement) Abandon() {}
