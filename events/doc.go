// Package events tells people what a controller did to which object: it records Kubernetes Events.
//
//	Beside the way. In: what happened. Out: Event objects on the server. Owner: Recorder.Run. Next: recorder.go.
//
// An event is a note for people, not a message between programs: recording one never blocks and never fails. What repeats is counted
// in one Event instead of being written again. When more than ten events within ten minutes differ in nothing but their text, the further ones are
// counted in one whose text begins with "(combined from similar events)". What comes too fast for that, or while the server cannot be reached for long, is dropped,
// and the drops are counted.
//
//	recorder := events.New(client, events.Options{Controller: "example.com/widgets"})
//	go recorder.Run(ctx) // returns when ctx ends and what waits has been written
//	recorder.Eventf(widget, nil, events.Warning, "OutOfStock", "Order", "no %s left", part)
//
// All numbers are Options. What a recorder keeps in mind is bounded too: 4096 Events whose repetitions it counts, and as many objects whose
// events it limits; those it has not used for longest are forgotten first.
//
// Reading order: recorder.go (the queue, and Run), series.go (what counts as a repetition), similar.go (what is combined), limit.go,
// write.go (retries), modern.go and legacy.go (the two API groups in which Events live).
package events
