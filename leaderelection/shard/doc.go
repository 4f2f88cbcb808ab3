// Package shard lets the replicas of a controller share its objects: each works on a part of them, and keeps only that part in memory. So
// a controller outgrows one machine, with nothing but Kubernetes to coordinate it.
//
//	Stage 9. In: the Leases of a group. Out: for each shard that is owned, a context, and an informer of its objects. Owner: Replica.Run.
//	Next: nothing, this is the end of the way.
//
// The objects are divided into a fixed number of shards, by a hash of their namespace or of their UID. Each shard has a Lease; the replica
// that leads it, by the rules of package leaderelection, owns the shard. Each replica has a Lease, too, by which the others know that
// it is there. From those who are there and what they have, each replica computes who should have what: as many shards each, with
// the fewest changes.
//
//	replica, err := shard.New(client, "kube-system", "my-controller", shard.Callbacks{
//		OnAcquired: func(ctx context.Context, s shard.Shard) {
//			pods := shard.Informer(client, corev1.Pods, "", s, cache.Options{})
//			c := controller.New("pods", reconcile, controller.Options{}, controller.For(pods))
//			… // run both, until ctx ends, and return
//		},
//	}, shard.Options{})
//	…
//	err = replica.Run(ctx)
//
// # What is promised
//
// A shard is owned by at most one replica at any instant, on the same conditions as leadership, and its context has a fencing token for
// the same reason: see package leaderelection. It is given up only when its work has returned; a replica that should have it waits for
// that and begins at once. Shards of a replica that was killed are taken after LeaseDuration. A replica that comes takes its part from
// those that have most; one that goes leaves its part to the others; nothing else moves.
//
// # What a server can do
//
// A server with the feature gate ShardedListAndWatch (alpha in Kubernetes 1.36) sends a replica only the objects of its shards. Shards
// are ranges of the server's own hash, so both sides agree. From other servers, each informer of a shard receives everything and leaves
// out what is not its own before it is decoded: that costs memory for its own part only, but bandwidth and the server's time for the whole,
// for each shard. Choose few shards there.
//
// # Rights
//
// In the namespace of the Leases, a replica needs the verbs get, list, watch, create, update and delete of leases (coordination.k8s.io). Namespaces
// needs list of namespaces.
//
// To read: layout.go says what a shard is, assign.go who should have which, view.go what is seen of the group, replica.go and term.go what
// is done about it, source.go how a shard's objects are read.
package shard
