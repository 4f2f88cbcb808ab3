package decode

import (
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/watch"
)

// An object above the limit is not held, but it does not end the list or the watch either: its beginning, where the metadata is, tells whose it
// is, and the rest is skipped.

// TooLargeError says that an object, item or frame was larger than the decoder's limit.
type TooLargeError struct {
	Limit int // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("larger than the limit of %d bytes", e.Limit)
}

func isTooLarge(err error) bool {
	var tooLarge *TooLargeError
	return errors.As(err, &tooLarge)
}

// beginning is how much of a large protobuf object is looked at.
const beginning = 64 << 10

// start returns the beginning of the next size bytes as a window.
func (in *input) start(size int64) ([]byte, error) {
	n := min(size, int64(in.limit), beginning)
	if err := in.need(int(n)); err != nil {
		return nil, err
	}
	return in.window()[:n], nil
}

// oversized yields a protobuf item above the limit as an error.
func (l *listReader) oversized(size int64) error {
	head, err := l.in.start(size)
	if err != nil {
		return err
	}
	e := encoded{format: formatProtobuf, raw: head}
	broken := e.broken(&TooLargeError{Limit: l.limit})
	if err := l.in.discard(size); err != nil {
		return err
	}
	return l.give(Item{Err: broken, Size: int(size)})
}

// oversizedJSON does the same for a JSON item that begins with head.
func (l *listReader) oversizedJSON(head []byte) error {
	e := encoded{format: formatJSON, raw: head, cursor: jsonCursor{b: head, brackets: l.in.scan.brackets}}
	broken := e.broken(&TooLargeError{Limit: l.limit})
	size, err := l.in.skipFrom(head)
	if err != nil {
		return err
	}
	return l.give(Item{Err: broken, Size: size})
}

// skipFrom consumes a value whose beginning is in the window, and returns its size.
func (in *input) skipFrom(head []byte) (int, error) {
	from := in.offset()
	in.advance(len(head))
	err := in.skipRest()
	return int(in.offset() - from), err
}

// oversized returns the event of a protobuf frame above the limit.
func (e *EventReader) oversized(size int64) (Event, error) {
	head, err := e.in.start(size)
	if err != nil {
		return Event{}, err
	}
	var kind watch.EventType
	each(head, watchEventType, func(b []byte) { kind = eventType(b) })
	body := inner(inner(head, watchEventObject), rawExtensionRaw)
	object := encoded{format: formatProtobuf, raw: inner(body[min(len(magic), len(body)):], unknownRaw)}
	event, err := e.tooLargeEvent(kind, object)
	if err != nil {
		return event, err
	}
	event.Size = int(size)
	return event, e.in.discard(size)
}

// oversizedJSON does the same for a JSON frame that begins with head.
func (e *EventReader) oversizedJSON(head []byte) (Event, error) {
	var kind watch.EventType
	object := encoded{format: formatJSON}
	members(jsonCursor{b: head, brackets: e.in.scan.brackets}, func(name, value []byte) bool {
		switch string(name) {
		case "type":
			if s, err := unquote(value); err == nil {
				kind = eventType([]byte(s))
			}
		case "object":
			object.raw, object.cursor = value, newCursor(value)
		}
		return true
	})
	event, err := e.tooLargeEvent(kind, object)
	if err != nil {
		return event, err
	}
	event.Size, err = e.in.skipFrom(head)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return event, err
}

// tooLargeEvent makes an event of what is known about it. Without its type there is no telling what was missed.
func (e *EventReader) tooLargeEvent(kind watch.EventType, object encoded) (Event, error) {
	err := &TooLargeError{Limit: e.limit}
	switch kind {
	case watch.Added, watch.Modified, watch.Deleted:
		broken := object.broken(err)
		return Event{Type: kind, Err: broken, ResourceVersion: broken.ResourceVersion}, nil
	}
	return Event{}, fmt.Errorf("frame: %w", err)
}
