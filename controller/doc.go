// Package controller is the loop that everybody writes around informers and a queue: something changes, a key is queued, a worker
// reconciles it, and failures come again later.
//
// In: changes of objects. Out: calls of a reconcile function, never two for one key at a time. Owner: Controller.Run.
//
// With leader election a process that does not lead stays warm: it calls Standby, which keeps the queue up to date, all
// the time, and Work, which empties it, while it leads.
//
// To read: controller.go has the loop, source.go where keys come from, trigger.go why.
package controller
