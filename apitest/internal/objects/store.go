package objects

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/resource"
)

// Options choose the behaviour that servers differ in.
type Options struct {
	CollectGarbage   bool  // owners, propagation policies and ending namespaces are looked after
	CreateNamespaces bool  // an object may be created in a namespace that does not exist, which is then created
	Seed             int64 // of uids and generated names; 0: different in each run
}

// Store is the objects of one server. It is safe for concurrent use.
type Store struct {
	History *history.History
	Kinds   *kinds.Registry
	options Options

	mu     sync.Mutex // owns random
	random *rand.Rand

	definitions sync.Mutex // held while the kinds change
	collector   *collector // nil: nobody looks after owners
}

// New returns a store over a history.
func New(h *history.History, r *kinds.Registry, options Options) *Store {
	seed := uint64(options.Seed)
	if seed == 0 {
		seed = rand.Uint64()
	}
	s := &Store{History: h, Kinds: r, options: options, random: rand.New(rand.NewPCG(seed, 0x5eaf))}
	if options.CollectGarbage {
		s.collector = newCollector(s)
	}
	return s
}

// write makes the next version of a key, and does what follows from it.
func (s *Store) write(k *kinds.Kind, key string, expected *history.Version, draft func(revision uint64) (*history.Version, error)) (*history.Version, error) {
	v, err := s.History.Commit(k.Table, key, expected, draft)
	if err == nil && k.GR() == definitionsResource {
		s.define(k, v)
	}
	if err == nil && s.collector != nil {
		s.collector.observe(k, expected, v)
	}
	return v, err
}

// Rollback sets the objects back to an earlier revision.
func (s *Store) Rollback(revision uint64) error {
	if err := s.History.Rollback(revision); err != nil {
		return err
	}
	if s.collector != nil {
		s.collector.rebuild()
	}
	return nil
}

// newUID returns a random UUID of version 4.
func (s *Store) newUID() string {
	s.mu.Lock()
	a, b := s.random.Uint64(), s.random.Uint64()
	s.mu.Unlock()
	a = a&^0xf000 | 0x4000
	b = b&^(0xc<<60) | 0x8<<60
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

// newSuffix returns what is appended to a generateName.
func (s *Store) newSuffix() string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	var b [5]byte
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b {
		b[i] = letters[s.random.IntN(len(letters))]
	}
	return string(b[:])
}

// Revision is the text form of a resourceVersion.
func Revision(n uint64) string { return strconv.FormatUint(n, 10) }

// version encodes the next state of an object, whose resourceVersion is set to the revision. before, from which unchanged parts
// are shared, may be nil.
func version(k *kinds.Kind, obj resource.Object, revision uint64, before *history.Version) (*history.Version, error) {
	obj.SetResourceVersion(Revision(revision))
	data, err := k.Storage.Encode(obj)
	if err != nil {
		return nil, err
	}
	v := &history.Version{UID: string(obj.GetUID()), Revision: revision, Data: data}
	var oldLabels history.Labels
	var oldFields []string
	if before != nil {
		v.Key, v.Namespace, v.Name, oldLabels, oldFields = before.Key, before.Namespace, before.Name, before.Labels, before.Fields
		if v.UID == before.UID {
			v.UID = before.UID
		}
	} else {
		v.Key = history.KeyOf(obj.GetNamespace(), obj.GetName())
		v.Namespace, v.Name = v.Key[:len(obj.GetNamespace())], v.Key[len(v.Key)-len(obj.GetName()):]
	}
	for _, owner := range obj.GetOwnerReferences() {
		v.Owners = append(v.Owners, string(owner.UID))
	}
	v.Labels = sortedLabels(obj.GetLabels(), oldLabels)
	v.Fields = k.FieldValues(obj, oldFields)
	return v, nil
}

// dryVersion encodes an object that is not going to be stored, and so has no resourceVersion but the one that a client sent.
func dryVersion(k *kinds.Kind, obj resource.Object, sent string) (*history.Version, error) {
	obj.SetResourceVersion(sent)
	data, err := k.Storage.Encode(obj)
	return &history.Version{Namespace: obj.GetNamespace(), Name: obj.GetName(), UID: string(obj.GetUID()), Data: data}, err
}

// sortedLabels returns the labels in the history's form, the previous ones if they are equal.
func sortedLabels(m map[string]string, previous history.Labels) history.Labels {
	if len(m) == 0 {
		return nil
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make(history.Labels, 0, 2*len(m))
	for _, name := range names {
		out = append(out, name, m[name])
	}
	if slices.Equal(out, previous) {
		return previous
	}
	return out
}

// Departed returns the state before a change as it looked when it left a selector: with the change's resourceVersion.
func Departed(k *kinds.Kind, c *history.Change) (*history.Version, error) {
	return c.Departed(func() (*history.Version, error) {
		obj, err := k.Storage.Object(c.Old)
		if err != nil {
			return nil, err
		}
		return version(k.Storage, obj, c.New.Revision, c.Old)
	})
}
