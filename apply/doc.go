// Package apply decides what server-side apply sends for a Go object, and what of a live object a field manager has applied.
//
//	Beside the way. In: Go objects. Out: apply configurations, and marks. Owner: the caller; nothing is kept. Next: clientset/typed,
//	whose Apply and ApplyStatus send what is decided here.
//
// The Go object is the apply configuration; there are no generated builders. Sent are the fields that are set, and so owned:
//
//   - not the status (ApplyStatus sends that and nothing else), and of the metadata what is anybody's to set: name, namespace, labels,
//     annotations, owner references, finalizers;
//   - no field that is empty: "", an empty list or map, a nil pointer, a struct with nothing set, a zero number or boolean whose
//     json tag has omitempty or omitzero;
//   - pointers that are not nil, elements of lists and values of maps in any case, however empty what they hold.
//
// What remains is a number or boolean that is zero, without a pointer, and without omitempty, as `Replicas int32 "json:\"replicas\""`: Go cannot
// tell the zero that is meant from the value that was never given. Guessing either way takes a field over or drops it, so that it is
// an *AmbiguousError which names the fields, until the caller says what is meant:
//
//	w := Widgets.New()
//	w.Name = "anvil"
//	w.Spec.Replicas = n // may be 0
//	_, err := widgets.Apply(ctx, w, opts, apply.Zero(&w.Spec.Replicas))
//
// To change a little of what was applied before, take that from the live object with Extract. Conflicts reads from an error of the
// server's which fields belong to others.
//
// Reading order: mark.go, configuration.go with prune.go, conflict.go, extract.go with fieldset.go and recall.go.
package apply
