// Package wire knows the bytes of the API: media types and their negotiation, the protobuf envelope, list bodies and watch
// frames, composed around objects that are already encoded.
package wire
