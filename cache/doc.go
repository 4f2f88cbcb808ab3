// Package cache is the shared informer: one watch, one store, many handlers.
//
//	Stage 6. In: batches of deltas. Out: snapshots for readers, notices for handlers. Owner: the goroutine of SharedIndexInformer.Run;
//	each handler has one of its own. Next: informers.
//
// A SharedIndexInformer runs the way of the data below it (reflector → delta queue → store), and after each batch tells the handlers
// what changed. The batch is in the store before the first handler hears of it.
//
// Reading order: informer.go (the whole, and Run), commit.go (a batch becomes a transaction and its notices), journal.go (the log that
// all handlers share), listener.go and delivery.go (one handler following it), backlog.go (one that fell behind), resync.go,
// quarantine.go (objects that could not be processed), status.go.
//
// Objects that come out of a cache are shared and read-only; resource.Copy makes a copy that may be changed. The typed face of this
// package is package informers.
package cache
