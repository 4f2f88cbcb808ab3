package wire

import (
	"mime"
	"strconv"
	"strings"
)

// Format is a serialization.
type Format uint8

// The formats that the server speaks.
const (
	JSON Format = iota
	Protobuf
	YAML
)

// MediaTypes of the formats.
const (
	MediaJSON     = "application/json"
	MediaProtobuf = "application/vnd.kubernetes.protobuf"
	MediaYAML     = "application/yaml"
)

// MediaType returns the format's media type.
func (f Format) MediaType() string {
	return [...]string{MediaJSON, MediaProtobuf, MediaYAML}[f]
}

// WatchMediaType returns the media type of a stream of watch events.
func (f Format) WatchMediaType() string {
	if f == Protobuf {
		return MediaProtobuf + ";stream=watch"
	}
	return MediaJSON
}

// ParseFormat returns the format of a media type without parameters.
func ParseFormat(media string) (Format, bool) {
	switch media {
	case MediaJSON, "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json":
		return JSON, true
	case MediaProtobuf:
		return Protobuf, true
	case MediaYAML, "text/yaml":
		return YAML, true
	}
	return 0, false
}

// Accept is one acceptable response.
type Accept struct {
	Format Format
	As     string // "", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"
	Group  string // of As
	Ver    string // of As
	Pretty bool
}

// clause is one part of an Accept header.
type clause struct {
	media  string
	params map[string]string
	q      float64
}

// Negotiate returns the first acceptable response of an Accept header, by quality, then order. offer says whether a response can
// be made; the format of a wildcard is JSON. An empty header accepts JSON.
func Negotiate(header string, offer func(Accept) bool) (Accept, bool) {
	if strings.TrimSpace(header) == "" {
		a := Accept{Format: JSON}
		return a, offer(a)
	}
	for _, c := range clauses(header) {
		a := Accept{As: c.params["as"], Group: c.params["g"], Ver: c.params["v"], Pretty: c.params["pretty"] == "1"}
		var ok bool
		switch c.media {
		case "*/*": // and not application/*, of which the real server knows nothing
			a.Format, ok = JSON, true
		case MediaJSON, MediaProtobuf, MediaYAML:
			a.Format, ok = ParseFormat(c.media)
		}
		if ok && offer(a) {
			return a, true
		}
	}
	return Accept{}, false
}

// clauses splits a header and orders it by quality; clauses of equal quality keep their order.
func clauses(header string) []clause {
	var out []clause
	for part := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil || !strings.HasPrefix(strings.TrimSpace(part), media) { // capital letters make another type
			continue
		}
		c := clause{media, params, 1}
		if q, ok := params["q"]; ok {
			c.q, _ = strconv.ParseFloat(q, 64) // what is no number is 0, and even that is acceptable if nothing else is
		}
		at := len(out)
		for at > 0 && out[at-1].q < c.q {
			at--
		}
		out = append(out[:at], append([]clause{c}, out[at:]...)...)
	}
	return out
}
