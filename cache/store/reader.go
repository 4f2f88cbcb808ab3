package store

import (
	"iter"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

// Reader is the read side of a store. All methods may be called from any goroutine; the queries take no lock and never wait
// for the writer. Each query is answered from the newest snapshot: take one Snapshot where several answers must agree.
type Reader struct{ core *core }

// Snapshot returns the newest state.
func (r *Reader) Snapshot() Snapshot { return Snapshot{r.core.current.Load()} }

// ResourceVersion returns the newest snapshot's version.
func (r *Reader) ResourceVersion() string { return r.Snapshot().ResourceVersion() }

// Len returns the number of objects.
func (r *Reader) Len() int { return r.Snapshot().Len() }

// Get returns the object of a key; see Snapshot.Get.
func (r *Reader) Get(key resource.Key) (resource.Object, bool) { return r.Snapshot().Get(key) }

// All iterates over the newest snapshot's objects; see Snapshot.All.
func (r *Reader) All() iter.Seq[resource.Object] { return r.Snapshot().All() }

// Namespace iterates over the objects of one namespace; see Snapshot.Namespace.
func (r *Reader) Namespace(namespace string) iter.Seq[resource.Object] {
	return r.Snapshot().Namespace(namespace)
}

// List returns the objects that a label selector matches; see Snapshot.List.
func (r *Reader) List(selector labels.Selector, namespace string) []resource.Object {
	return r.Snapshot().List(selector, namespace)
}

// ByIndex returns the objects that an index finds under a value; see Snapshot.ByIndex.
func (r *Reader) ByIndex(index, value string) ([]resource.Object, error) {
	return r.Snapshot().ByIndex(index, value)
}

// IndexValues returns the values of an index; see Snapshot.IndexValues.
func (r *Reader) IndexValues(index string) ([]string, error) { return r.Snapshot().IndexValues(index) }

// IndexErrors returns the objects that indexes could not take; see Snapshot.IndexErrors.
func (r *Reader) IndexErrors() []*IndexError { return r.Snapshot().IndexErrors() }

// Stale says why the state of a key is not current; see Snapshot.Stale.
func (r *Reader) Stale(key resource.Key) error { return r.Snapshot().Stale(key) }
