package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
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
	if err == nil && e.skipsBroken(event.Err) {
		event = Event{Type: event.Type, Skipped: true, ResourceVersion: event.ResourceVersion, Size: event.Size}
	}
	if err == io.EOF {
		e.err = err
	} else if err != nil {
		e.err = fmt.Errorf("watch of %s: %w", e.def, err)
	}
	return event, e.err
}

func (e *EventReader) next() (Event, error) {
	var raw []byte
	var size int64
	var err error
	if e.format == formatJSON {
		raw, err = e.jsonFrame()
		size = int64(len(raw))
		if isTooLarge(err) {
			return e.oversizedJSON(raw)
		}
	} else {
		size, err = e.frameSize()
		if err == nil && size > int64(e.limit) {
			return e.oversized(size)
		}
		if err == nil {
			raw, err = e.in.take(size)
		}
	}
	if err != nil {
		return Event{}, err
	}
	kind, object, objectErr, err := e.split(raw)
	if err != nil {
		return Event{}, err
	}
	event, err := e.event(kind, object, objectErr)
	event.Size = int(size)
	e.in.advance(len(raw))
	return event, err
}

// jsonFrame returns the next frame as a window.
func (e *EventReader) jsonFrame() ([]byte, error) {
	c, err := e.in.peek()
	if err != nil {
		return nil, err
	}
	if c == 0 && e.in.pos == e.in.end {
		return nil, io.EOF
	}
	return e.in.value()
}

// frameSize reads what is before a protobuf frame: its size.
func (e *EventReader) frameSize() (int64, error) {
	if ok, err := e.in.more(); err != nil {
		return 0, err
	} else if !ok {
		return 0, io.EOF
	}
	const prefix = 4
	if err := e.in.need(prefix); err != nil {
		return 0, err
	}
	size := binary.BigEndian.Uint32(e.in.window())
	e.in.advance(prefix)
	return int64(size), nil
}

// Field numbers of metav1.WatchEvent and runtime.RawExtension.
const (
	watchEventType   = 1
	watchEventObject = 2
	rawExtensionRaw  = 1
)

// split takes a frame apart: what happened, and the object. An object that cannot be taken out of its envelope is its own error.
func (e *EventReader) split(raw []byte) (kind watch.EventType, object encoded, objectErr, err error) {
	if e.format == formatJSON {
		return e.splitJSON(raw)
	}
	var extension, body []byte
	for len(raw) > 0 {
		f, rest, err := nextField(raw)
		if err != nil {
			return "", object, nil, fmt.Errorf("frame: %w", err)
		}
		if f.number <= watchEventObject && f.kind != wireBytes {
			return "", object, nil, fmt.Errorf("frame: %w", errWire)
		}
		switch f.number {
		case watchEventType:
			kind = eventType(f.bytes)
		case watchEventObject:
			extension = f.bytes
		}
		raw = rest
	}
	for len(extension) > 0 {
		f, rest, err := nextField(extension)
		if err != nil {
			return "", object, nil, fmt.Errorf("frame: %w", err)
		}
		if f.number == rawExtensionRaw && f.kind == wireBytes {
			body = f.bytes
		}
		extension = rest
	}
	object, objectErr = openEnvelope(body)
	return kind, object, objectErr, nil
}

// splitJSON does the same for {"type":…,"object":…}.
func (e *EventReader) splitJSON(raw []byte) (kind watch.EventType, object encoded, objectErr, err error) {
	c := jsonCursor{b: raw, brackets: e.in.scan.brackets}
	objectErr = errJSON // until there is one
	if c.next() != '{' {
		return "", object, nil, fmt.Errorf("frame: %w", errJSON)
	}
	if _, err := c.enter(); err != nil {
		return "", object, nil, fmt.Errorf("frame: %w", errJSON)
	}
	for done := c.empty('}'); !done; {
		name, err := c.name()
		switch first := c.next(); {
		case err != nil:
		case string(name) == "type" && first == '"':
			var text []byte
			text, err = c.text()
			kind = eventType(text)
		case string(name) == "object" && first == '{':
			object, err = c.object()
			objectErr = nil
		default:
			err = c.skip()
		}
		if err == nil {
			done, err = c.separator('}')
		}
		if err != nil {
			return "", object, nil, fmt.Errorf("frame: %w", errJSON)
		}
	}
	if objectErr == nil {
		object.apiVersion, object.kind = jsonKind(object.cursor)
	}
	return kind, object, objectErr, nil
}

// eventType turns the usual types into constants.
func eventType(text []byte) watch.EventType {
	for _, known := range [...]watch.EventType{watch.Modified, watch.Added, watch.Deleted, watch.Bookmark, watch.Error} {
		if string(text) == string(known) {
			return known
		}
	}
	return watch.EventType(text)
}

// event decodes what a frame carries.
func (e *EventReader) event(kind watch.EventType, object encoded, err error) (Event, error) {
	event := Event{Type: kind}
	switch kind {
	case watch.Added, watch.Modified, watch.Deleted:
	case watch.Bookmark:
		return e.bookmark(object, err)
	case watch.Error:
		event.Status = e.status(object, err)
		return event, nil
	default:
		return event, fmt.Errorf("frame of unknown type %q", kind)
	}
	if err == nil {
		err = e.expect(object)
	}
	if err == nil && e.skips(&object) {
		return Event{Type: kind, Skipped: true, ResourceVersion: object.identify().ResourceVersion}, nil
	}
	if err == nil {
		g := e.digest(&object)
		event.Hash = g.hash
		if kind == watch.Added { // of a full state, which may bring what is known
			event.Object = e.known(&object, event.Hash)
			event.Reused = event.Object != nil
		}
		if event.Object == nil {
			event.Object, event.Trace, err = e.version(object, &g)
		}
	}
	if err != nil {
		event.Object, event.Hash, event.Err = nil, 0, object.broken(err)
		event.ResourceVersion = event.Err.ResourceVersion
		return event, nil
	}
	event.ResourceVersion = event.Object.GetResourceVersion()
	return event, nil
}

// bookmark reads a bookmark, of whose object only the metadata counts. One that cannot be read ends the stream: it may have been the one
// that marks the end of the initial events.
func (e *EventReader) bookmark(env encoded, err error) (Event, error) {
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
func (e *EventReader) status(env encoded, err error) *metav1.Status {
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
