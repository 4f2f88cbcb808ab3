// Package decode turns bytes into objects: one object, a list read item by item from a stream, a watch stream frame by frame.
//
//	Stage 1. In: bytes as a server sends them, protobuf or JSON. Out: objects, with their identity even when they are broken.
//	Owner: the caller; a Decoder is immutable, an EventReader belongs to one goroutine. Next: rest.
//
// What one can ask for is in decoder.go and event.go. The rest, in reading order:
//
//   - from the stream to one object's bytes: input.go (a window on the stream), wire.go and envelope.go (what is around protobuf),
//     scan.go and tokens.go (the same for JSON), listproto.go and listjson.go (lists), frame.go (watches), oversize.go, identity.go
//     (whose bytes they are, even broken);
//   - from bytes to a Go value: plan.go (how to read a type, compiled once), planproto.go and planjson.go (its struct tags), session.go,
//     message.go and maps.go (protobuf), cursor.go, object.go, untyped.go and recent.go (JSON), wellknown.go (Time, Quantity and their
//     like), drop.go (fields left out), memory.go (all that is unsafe);
//   - equal parts shared: table.go (values by their bytes), wirelog.go (those bytes), gate.go (where to look at all), shared.go, structure.go
//     (for objects without bytes);
//   - the other direction: encode.go, media.go, status.go.
//
// Nothing here holds a whole list: memory is bounded by the largest item, and an item by a limit. Plans understand what servers
// write. Whatever else the formats allow is left to the official decoders, so that there is nothing to imitate and no corner to
// get wrong: docs/decisions/decoder.md.
package decode
