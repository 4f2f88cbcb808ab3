package decode

import (
	"fmt"
	"mime"
	"strings"
)

// The media types of the Kubernetes API that this package reads and writes.
const (
	MediaTypeJSON     = "application/json"
	MediaTypeProtobuf = "application/vnd.kubernetes.protobuf"
)

// asMetadata asks a server to cut objects down to their metadata.
const (
	asMetadata     = ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	asMetadataList = ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
)

// Accept returns the Accept header for a request that is answered with one object.
func (d *Decoder) Accept() string { return d.accept(asMetadata) }

// AcceptList returns the Accept header for a list.
func (d *Decoder) AcceptList() string { return d.accept(asMetadataList) }

// AcceptWatch returns the Accept header for a watch.
func (d *Decoder) AcceptWatch() string { return d.accept(asMetadata) }

// withoutManagedFields asks a server to leave out the largest part of metadata. Servers that cannot do so ignore it.
const withoutManagedFields = ";drop=metadata.managedFields"

// accept names protobuf first where both sides speak it. The last entry is plain JSON: a server that cannot cut objects down then
// sends whole ones, of which the rest is ignored.
func (d *Decoder) accept(as string) string {
	var types []string
	switch {
	case d.form == metadataOnly:
		types = []string{MediaTypeProtobuf + as, MediaTypeJSON + as, MediaTypeJSON}
	case d.def.Protobuf():
		types = []string{MediaTypeProtobuf, MediaTypeJSON}
	default:
		types = []string{MediaTypeJSON}
	}
	metadata, _ := d.drops.member("metadata")
	if _, dropped := metadata.member("managedFields"); dropped {
		for i := range types {
			types[i] += withoutManagedFields
		}
	}
	return strings.Join(types, ",")
}

// format is a wire format.
type format uint8

const (
	formatJSON format = iota
	formatProtobuf
)

// formatOf reads a Content-Type header. An empty one means JSON.
func formatOf(mediaType string) (format, error) {
	switch mediaType { // what servers send, without the cost of parsing
	case MediaTypeProtobuf, MediaTypeProtobuf + ";stream=watch":
		return formatProtobuf, nil
	case MediaTypeJSON, "":
		return formatJSON, nil
	}
	base, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return 0, fmt.Errorf("content type %q: %w", mediaType, err)
	}
	switch base {
	case MediaTypeProtobuf:
		return formatProtobuf, nil
	case MediaTypeJSON:
		return formatJSON, nil
	}
	return 0, fmt.Errorf("content type %q: want %s or %s", mediaType, MediaTypeProtobuf, MediaTypeJSON)
}
