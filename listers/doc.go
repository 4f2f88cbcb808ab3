// Package listers reads a cache with types.
//
//	Stage 7. In: the read side of a store. Out: typed objects. Owner: nobody, all values are immutable. Next: informers.
//
// A Lister answers from memory, at once. Objects it returns are shared and read-only; resource.Copy makes a copy that may be changed.
package listers
