package cache

import (
	"fmt"
	"sync"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

// recorder is a handler that checks that what it is told is legal: for each key an add, then updates from the state that was told last,
// then a delete.
type recorder struct {
	gate func(event string) // called at the start of each call; may block

	mu       sync.Mutex // owns the rest
	known    map[resource.Key]*v1.ConfigMap
	events   []string
	versions map[resource.Key][]string
	faults   []string
}

func newRecorder() *recorder {
	return &recorder{known: map[resource.Key]*v1.ConfigMap{}, versions: map[resource.Key][]string{}}
}

func (r *recorder) begin(kind string, o resource.Object, flag bool, what string) {
	event := fmt.Sprintf("%s %s=%s", kind, resource.KeyOf(o), o.(*v1.ConfigMap).Data["value"])
	if flag {
		event += " " + what
	}
	if r.gate != nil {
		r.gate(event)
	}
	r.mu.Lock()
	r.events = append(r.events, event)
}

func (r *recorder) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *recorder) OnAdd(o resource.Object, initial bool) {
	r.begin("add", o, initial, "initial")
	defer r.mu.Unlock()
	key := resource.KeyOf(o)
	if _, there := r.known[key]; there {
		r.fault("add of %s, which is there", key)
	}
	r.known[key] = o.(*v1.ConfigMap)
	r.versions[key] = append(r.versions[key], o.GetResourceVersion())
}

func (r *recorder) OnUpdate(old, new resource.Object, resync bool) {
	r.begin("update", new, resync, "resync")
	defer r.mu.Unlock()
	key := resource.KeyOf(new)
	last, there := r.known[key]
	switch {
	case !there:
		r.fault("update of %s, which is not there", key)
	case last != old:
		r.fault("update of %s from %s, after %s", key, old.GetResourceVersion(), last.GetResourceVersion())
	case old.GetUID() != new.GetUID():
		r.fault("update of %s from one object to another", key)
	case resync && old != new:
		r.fault("resync of %s with a change", key)
	}
	if !resync {
		r.versions[key] = append(r.versions[key], new.GetResourceVersion())
	}
	r.known[key] = new.(*v1.ConfigMap)
}

func (r *recorder) OnDelete(last resource.Object, finalStateUnknown bool) {
	r.begin("delete", last, finalStateUnknown, "unknown")
	defer r.mu.Unlock()
	key := resource.KeyOf(last)
	known, there := r.known[key]
	switch {
	case !there:
		r.fault("delete of %s, which is not there", key)
	case known.UID != last.GetUID():
		r.fault("delete of %s with another object", key)
	}
	delete(r.known, key)
}

// log returns what was told so far.
func (r *recorder) log() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.events...)
}

// check fails the test if something illegal was told, or if what the handler knows is not what the objects say.
func (r *recorder) check(t testing.TB, objects []*v1.ConfigMap) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, fault := range r.faults {
		t.Error(fault)
	}
	if len(r.known) != len(objects) {
		t.Errorf("the handler knows %d objects, want %d", len(r.known), len(objects))
	}
	for _, o := range objects {
		known := r.known[resource.KeyOf(o)]
		if known == nil || known.UID != o.UID || known.ResourceVersion != o.ResourceVersion || known.Data["value"] != o.Data["value"] {
			t.Errorf("the handler knows %v, want %v", known, o)
		}
	}
}
