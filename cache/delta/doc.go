// Package delta puts what happened to a collection in order, and hands it on in batches.
//
//	Stage 4. In: full states and single events, from one or more reflectors. Out: batches of deltas, in stream order. Owner: the
//	producers share a Queue with one consumer, which is SharedIndexInformer.Run. Next: cache/store.
//
// Reading order: delta.go (what can happen), queue.go (the DeltaFIFO: bounded, in order, in batches), intake.go (the end of the
// queue that a reflector sees; it drops what is known and runs the transform), replacement.go (a full state being collected),
// versions.go (which version of each object was seen last).
package delta
