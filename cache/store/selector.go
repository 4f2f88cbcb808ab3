package store

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/sheaf-dev/sheaf/resource"
)

// wish is one requirement of a selector in the numbers of the label index.
type wish struct {
	terms   []uint32            // the group has one of these labels …
	key     uint32              // … or, if there are none, a label with this key
	not     bool                // the other way round
	compare *labels.Requirement // and this must hold as well (Gt, Lt)
}

// match appends the groups whose objects fulfil all requirements.
func (v *version) match(matching []*group, requirements labels.Requirements, namespace string) []*group {
	g := v.groups
	wishes := make([]wish, 0, 8)
	for i := range requirements {
		w, hope := g.wish(&requirements[i])
		switch hope {
		case never:
			return matching
		case maybe:
			wishes = append(wishes, w)
		}
	}
	home := uint32(anyNamespace)
	if namespace != "" {
		var found bool
		if home, found = g.namespaces.number("", namespace); !found {
			return matching
		}
	}
	consider := func(candidate *group) bool {
		if (home == anyNamespace || candidate.id.namespace() == home) && v.fulfils(candidate, wishes) {
			matching = append(matching, candidate)
		}
		return true
	}
	if postings, all := g.candidates(wishes, home); all {
		g.every(consider)
	} else {
		for _, p := range postings {
			g.each(p, consider)
		}
	}
	return matching
}

// anyNamespace is no namespace's number.
const anyNamespace = 1<<32 - 1

// hope is what a snapshot's labels say about a requirement before any group is looked at.
type hope int

const (
	never  hope = iota // nothing can fulfil it
	maybe              // groups differ
	always             // everything fulfils it
)

// wish looks up what a requirement speaks of.
func (g *groups) wish(r *labels.Requirement) (w wish, h hope) {
	found := true
	switch r.Operator() {
	case selection.Equals, selection.DoubleEquals, selection.In, selection.NotEquals, selection.NotIn:
		w.not = r.Operator() == selection.NotEquals || r.Operator() == selection.NotIn
		for _, value := range r.ValuesUnsorted() {
			if term, found := g.labels.number(r.Key(), value); found && !slices.Contains(w.terms, term) {
				w.terms = append(w.terms, term)
			}
		}
		found = len(w.terms) > 0
	case selection.Exists, selection.DoesNotExist:
		w.not = r.Operator() == selection.DoesNotExist
		w.key, found = g.keys.number("", r.Key())
	case selection.GreaterThan, selection.LessThan:
		w.compare = r
		w.key, found = g.keys.number("", r.Key())
	default:
		return w, never
	}
	switch {
	case found:
		return w, maybe
	case w.not:
		return w, always
	default:
		return w, never
	}
}

// candidates returns the smallest collection of groups that surely has all matching ones, as postings without a common member.
// Or it says that nothing is smaller than all groups.
func (g *groups) candidates(wishes []wish, home uint32) (smallest []*posting, all bool) {
	cost := g.length
	if home != anyNamespace {
		smallest = []*posting{g.namespaces.postings.get(home)}
		cost = smallest[0].members.len()
	}
	for i := range wishes {
		if wishes[i].not {
			continue
		}
		if postings, c := g.postings(&wishes[i], cost); c < cost {
			smallest, cost = postings, c
		}
	}
	return smallest, smallest == nil
}

// postings returns the labels that a wish speaks of, and how many groups have them: a group has one value for a key, so it counts
// once. It gives up when there are as many as limit.
func (g *groups) postings(w *wish, limit int) (found []*posting, cost int) {
	pieces := [][]uint32{w.terms}
	if len(w.terms) == 0 {
		p := g.keys.postings.get(w.key)
		if p.members.len() >= limit { // each label has at least one group
			return nil, limit
		}
		pieces = p.members.pieces(new([1][]uint32))
	}
	for _, piece := range pieces {
		for _, term := range piece {
			p := g.labels.postings.get(term)
			if cost += p.members.len(); cost >= limit {
				return nil, limit
			}
			found = append(found, p)
		}
	}
	return found, cost
}

// fulfils checks a group, and with it each of its objects.
func (v *version) fulfils(candidate *group, wishes []wish) bool {
	for i := range wishes {
		w := &wishes[i]
		if v.groups.has(candidate.id, w) == w.not {
			return false
		}
		if w.compare != nil && !w.compare.Matches(labels.Set(v.anyOf(candidate).GetLabels())) {
			return false
		}
	}
	return true
}

// has says whether a group has one of the labels that a wish speaks of.
func (g *groups) has(id groupID, w *wish) bool {
	for i := range id.labels() {
		term := id.label(i)
		if len(w.terms) > 0 && slices.Contains(w.terms, term) {
			return true
		}
		if len(w.terms) == 0 && g.labels.postings.get(term).key == w.key {
			return true
		}
	}
	return false
}

// anyOf returns one object of a group.
func (v *version) anyOf(g *group) resource.Object {
	var buffer [1][]uint32
	return v.objects.get(g.slots.pieces(&buffer)[0][0])
}
