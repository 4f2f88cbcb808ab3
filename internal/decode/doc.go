// Package decode turns bytes into objects: one object, a list read item by item from a stream, a watch stream frame by frame.
//
//	Stage 1. In: bytes as a server sends them, protobuf or JSON. Out: objects, with their identity even when they are broken.
//	Owner: the caller; a Decoder is immutable, an EventReader belongs to one goroutine. Next: rest.
//
// Reading order: decoder.go (what one can ask for), input.go (the window on a stream), wire.go and envelope.go (protobuf's
// outer layers), scan.go (JSON's), listproto.go and listjson.go (lists), frame.go (watches), identity.go (who a broken
// object is), encode.go (the other direction).
//
// Nothing here holds a whole list: memory is bounded by the largest item, and an item by a limit.
package decode
