package rest

import "github.com/sheaf-dev/sheaf/internal/decode"

// What streams consist of. The types are those of the decoder, which is internal.
type (
	// Item is one object of a list, or who it was and why it could not be decoded.
	Item = decode.Item
	// Event is one frame of a watch.
	Event = decode.Event
	// ObjectError says of one object that it could not be decoded. It has the object's key, UID and resourceVersion as far as they could
	// be read.
	ObjectError = decode.ObjectError
)
