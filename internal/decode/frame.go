package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/json"
)

// EventReader reads the frames of one watch stream. It belongs to one goroutine.
type EventReader struct {
	*Decoder
	in     *input
	format format
	err    error // sticky: after a lost frame, what follows would hide a gap
}

// Events returns a reader of a watch stream. It reads nothing yet; a media type that cannot be read is the error of the first Next.
// Closing the stream is the caller's task, and ends a blocked Next.
func (d *Decoder) Events(mediaType string, r io.Reader) *EventReader {
	e := &EventReader{Decoder: d, in: newInput(r, d.limit)}
	e.format, e.err = formatOf(mediaType)
	return e
}

// Next returns the next event. The error is io.EOF where the stream ended between two frames, wraps io.ErrUnexpectedEOF where it
// was cut inside one, and else is the stream's own or says what is wrong with the frame. After an error every call returns the same
// one. An object that cannot be decoded is no error: the event says so.
func (e *EventReader) Next() (Event, error) {
	if e.err != nil {
		return Event{}, e.err
	}
	event, err := e.next()
	if err == io.EOF {
		e.err = err
	} else if err != nil {
		e.err = fmt.Errorf("watch of %s: %w", e.def, err)
	}
	return event, e.err
}

func (e *EventReader) next() (Event, error) {
	raw, size, err := e.frame()
	if err != nil {
		return Event{}, err
	}
	kind, object, err := e.split(raw)
	if err != nil {
		return Event{}, err
	}
	event, err := e.event(watch.EventType(kind), object)
	event.Size = size
	e.in.advance(len(raw))
	return event, err
}

// frame returns one frame as a window, and its size on the wire.
func (e *EventReader) frame() ([]byte, int, error) {
	in := e.in
	if e.format == formatJSON {
		c, err := in.peek()
		if err != nil {
			return nil, 0, err
		}
		if c == 0 && in.pos == in.end {
			return nil, 0, io.EOF
		}
		raw, err := in.value()
		return raw, len(raw), err
	}
	if ok, err := in.more(); err != nil {
		return nil, 0, err
	} else if !ok {
		return nil, 0, io.EOF
	}
	const prefix = 4
	if err := in.need(prefix); err != nil {
		return nil, 0, err
	}
	size := int64(binary.BigEndian.Uint32(in.window()))
	if size > int64(e.limit) {
		return nil, 0, e.tooLarge("frame", int(size))
	}
	in.advance(prefix)
	if err := in.need(int(size)); err != nil {
		return nil, 0, err
	}
	return in.window()[:size:size], prefix + int(size), nil
}

// Field numbers of metav1.WatchEvent and runtime.RawExtension.
const (
	watchEventType   = 1
	watchEventObject = 2
	rawExtensionRaw  = 1
)

// split takes a frame apart: what happened, and the object's bytes, in protobuf with their envelope.
func (e *EventReader) split(raw []byte) (kind string, object []byte, err error) {
	if e.format == formatJSON {
		return splitJSON(raw)
	}
	var extension []byte
	for len(raw) > 0 {
		f, rest, err := nextField(raw)
		if err != nil {
			return "", nil, fmt.Errorf("frame: %w", err)
		}
		if f.number <= watchEventObject && f.kind != wireBytes {
			return "", nil, fmt.Errorf("frame: %w", errWire)
		}
		switch f.number {
		case watchEventType:
			kind = string(f.bytes)
		case watchEventObject:
			extension = f.bytes
		}
		raw = rest
	}
	for len(extension) > 0 {
		f, rest, err := nextField(extension)
		if err != nil {
			return "", nil, fmt.Errorf("frame: %w", err)
		}
		if f.number == rawExtensionRaw && f.kind == wireBytes {
			object = f.bytes
		}
		extension = rest
	}
	return kind, object, nil
}

// splitJSON does the same for {"type":…,"object":…}.
func splitJSON(raw []byte) (kind string, object []byte, err error) {
	var frame struct {
		Type   string   `json:"type"`
		Object rawValue `json:"object"`
	}
	if err := json.UnmarshalCaseSensitivePreserveInts(raw, &frame); err != nil {
		return "", nil, fmt.Errorf("frame: %w", err)
	}
	return frame.Type, frame.Object, nil
}

// rawValue keeps a value's bytes without a copy.
type rawValue []byte

// UnmarshalJSON keeps the bytes.
func (r *rawValue) UnmarshalJSON(b []byte) error { *r = b; return nil }

// event decodes what a frame carries.
func (e *EventReader) event(kind watch.EventType, body []byte) (Event, error) {
	event := Event{Type: kind}
	switch kind {
	case watch.Added, watch.Modified, watch.Deleted, watch.Bookmark, watch.Error:
	default:
		return event, fmt.Errorf("frame of unknown type %q", kind)
	}
	env := envelope{raw: body}
	var err error
	if e.format == formatProtobuf {
		env, err = openEnvelope(body)
	} else {
		env.apiVersion, env.kind = jsonKind(body)
	}
	if kind == watch.Error {
		event.Status = e.status(env, err)
		return event, nil
	}
	if kind == watch.Bookmark {
		return e.bookmark(env, err)
	}
	if err == nil {
		err = e.expect(env.apiVersion, env.kind, env.raw, e.format)
	}
	if err == nil {
		event.Object, err = e.decode(e.format, env.raw, nil)
	}
	if err != nil {
		event.Object, event.Err = nil, objectError(e.format, env.raw, err)
		event.ResourceVersion = event.Err.ResourceVersion
		return event, nil
	}
	event.Hash = hashOf(e.format, env.raw)
	event.ResourceVersion = event.Object.GetResourceVersion()
	return event, nil
}

// bookmark reads a bookmark, of whose object only the metadata counts. One that cannot be read ends the stream: it may have been the one
// that marks the end of the initial events.
func (e *EventReader) bookmark(env envelope, err error) (Event, error) {
	event := Event{Type: watch.Bookmark}
	if err != nil {
		return event, fmt.Errorf("bookmark: %w", err)
	}
	meta, err := metadataOf(e.format, env.raw)
	if err == nil && meta.ResourceVersion == "" {
		err = errors.New("without a resourceVersion")
	}
	if err != nil {
		return event, fmt.Errorf("bookmark: %w", err)
	}
	event.ResourceVersion = meta.ResourceVersion
	event.InitialEventsEnd = meta.Annotations[metav1.InitialEventsAnnotationKey] == "true"
	return event, nil
}

// status reads the object of an ERROR frame. What is no Status becomes one: the watch failed anyway.
func (e *EventReader) status(env envelope, err error) *metav1.Status {
	var status metav1.Status
	if err == nil && string(env.kind) == string(kindStatus) {
		if err = unmarshal(e.format, env.raw, &status); err == nil {
			status.TypeMeta = statusTypeMeta
			return &status
		}
	}
	message := fmt.Sprintf("watch of %s: the server reported an error that is no Status (%s)", e.def, env.kind)
	if err != nil {
		message += ": " + err.Error()
	}
	return &metav1.Status{
		TypeMeta: statusTypeMeta,
		Status:   metav1.StatusFailure,
		Code:     http.StatusInternalServerError,
		Reason:   metav1.StatusReasonInternalError,
		Message:  message,
	}
}
