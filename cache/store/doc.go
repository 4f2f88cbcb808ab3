// Package store holds the objects of one collection and answers queries about them.
//
//	Stage 5. In: batches of changes. Out: immutable snapshots. Owner: the one goroutine that holds the Writer. Next: writer.go.
//
// One writer, many readers. The writer applies a batch of changes as one transaction and publishes the result as a new
// Snapshot with one atomic store; a reader loads the newest snapshot with one atomic load and takes no lock. A snapshot never changes:
// all queries on one snapshot agree with each other, however long it is held.
//
// Permission is a type: New returns a Writer, which only the informer's goroutine gets, and a Reader, which everybody else may have.
//
// Reading order: writer.go applies a batch to state.go, which freezes into version.go; groups.go and index.go are the two kinds of
// indexes, both made of terms.go; underneath are names.go and dictionary.go (text → number), vector.go (number → value) and set.go (numbers).
// Readers come in through reader.go, snapshot.go, list.go and selector.go. What was tried and what it costs is in docs/decisions/store.md.
//
// A compact store gets packed objects from a Packer and opens them for readers: packer.go, packed.go.
//
// Objects that come out of a store are shared and read-only; resource.Copy makes a copy that may be changed.
package store
