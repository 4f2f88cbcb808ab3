package store

// terms is an inverted index as of one snapshot: for each term, which is a pair of strings, the set of those that have it. Who they
// are (objects' slots, groups, other terms) is the business of the owner.
type terms struct {
	names    names
	postings vector[*posting]
}

// posting is one term and its members.
type posting struct {
	members set
	batch   uint64 // that may write to this posting
	key     uint32 // of a label: the number of the label's key in groups.keys
}

// find returns the posting of a term, or nil if nobody has the term.
func (t *terms) find(a, b string) *posting {
	number, found := t.names.find(a, b)
	if !found {
		return nil
	}
	return t.postings.get(number)
}

// number returns the number of a term that somebody has.
func (t *terms) number(a, b string) (number uint32, found bool) {
	number, found = t.names.find(a, b)
	return number, found && t.postings.get(number) != nil
}

// termWriter is the writer's side of terms. A term exists as long as it has members.
type termWriter struct {
	dictionary
	postings vector[*posting]
}

func newTermWriter() termWriter { return termWriter{dictionary: newDictionary()} }

// view freezes the terms for a snapshot.
func (w *termWriter) view() terms { return terms{names: w.names, postings: w.postings} }

// insert makes member, which is not one yet, a member of the term.
func (w *termWriter) insert(term, member uint32, batch uint64) {
	w.writable(term, batch).members.add(member)
}

// remove takes a member from the term and says whether it was the last; then the term is gone.
func (w *termWriter) remove(term, member uint32, batch uint64) (last bool) {
	p := w.writable(term, batch)
	p.members.remove(member)
	if p.members.len() > 0 {
		return false
	}
	w.postings.set(term, nil, batch)
	w.dictionary.remove(term)
	return true
}

// writable returns the term's posting, copied if it is of an older batch, and made if it is new.
func (w *termWriter) writable(term uint32, batch uint64) *posting {
	p := w.postings.get(term)
	if p != nil && p.batch == batch {
		return p
	}
	next := &posting{batch: batch}
	if p != nil {
		next.members, next.key = p.members, p.key
		next.members.own()
	}
	w.postings.set(term, next, batch)
	return next
}
