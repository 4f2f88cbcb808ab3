package v2

// NotServed has no marker.
type NotServed struct{ Spec int }
