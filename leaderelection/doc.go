// Package leaderelection lets one of several processes act at a time: the one that holds a Lease of the API server.
//
//	Stage 9. In: the states of a Lease. Out: a context to work in while leading. Owner: Elector.Run. Next: nothing, this is the end of the way.
//
// An Elector is a candidate. It polls the Lease, and watches it where it may. Once the Lease is free, or its holder has
// not renewed it for as long as it promised to, the candidate writes its own name into it; the server refuses all but the
// first of those who try. While it leads it renews the Lease, and its work runs in a context that ends with the
// leadership.
//
//	leases := leaderelection.LeasesIn(client, "kube-system")
//	elector, err := leaderelection.New(leases, "my-controller", leaderelection.Callbacks{
//		OnStartedLeading: func(ctx context.Context) { runControllers(ctx) }, // must end soon after ctx
//	}, leaderelection.Options{})
//	…
//	err = elector.Run(ctx)
//
// # What is promised
//
// No two candidates say at one instant that they lead, as long as their clocks do not differ in rate by more than
// LeaseDuration / RenewDeadline (with the defaults: one may run half as fast again as the other). Clocks are never
// compared, only durations are measured, each on one monotonic clock: the holder counts RenewDeadline from before it sent
// a successful renewal, the others count LeaseDuration from after they saw it. So leadership is over, for IsLeader and for
// the work's context, before another can begin. When Run's context ends, the Lease is released, but only after the work
// has returned, so that a successor never overlaps with it.
//
// # What cannot be promised
//
// A process that is paused (a stopped container, a long page fault, a suspended machine) cannot know that it was: between
// its last check and its next write any time may pass, and a monotonic clock may not even count it. Only the receiver of
// the write can tell. For that the work's context carries a fencing token, which grows with each leadership: see Token. A
// write that says which token it was made under can be refused once a higher one has been seen. Writes to the API server
// that carry the object's resourceVersion are safe in the same way: a successor's write makes them conflict.
//
// And deleting a Lease that is held, by hand, lets a candidate that starts at that moment begin at once.
//
// Where the server coordinates elections, it can choose the leader: see Coordinated.
//
// To read: decide.go has all decisions as one pure function, record.go what is known of the Lease, loop.go what performs
// them, work.go the user's side.
package leaderelection
