package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// List reads a list's body from the stream and yields its items one by one, in their order; it never holds more than one.
// An item that cannot be decoded is yielded with its Err and does not end the list. The list's metadata may come before or after the
// items. If there is a next page and its token comes before the first item, as API servers send it, early is called with it, once, before that
// item is read; nil: nobody wants to know. An error of yield ends the reading and is returned as it is. A body that ends early is an
// io.ErrUnexpectedEOF; a Status is an *errors.StatusError of k8s.io/apimachinery.
func (d *Decoder) List(mediaType string, r io.Reader, early func(token string), yield func(Item) error) (metav1.ListMeta, error) {
	l := &listReader{Decoder: d, in: newInput(r, d.limit), early: early, yield: yield}
	f, err := formatOf(mediaType)
	if err == nil {
		if f == formatProtobuf {
			err = l.readProtobuf()
		} else {
			err = l.readJSON()
		}
	}
	var stopped *yieldError
	if errors.As(err, &stopped) {
		return l.meta, stopped.err
	}
	if err != nil {
		return l.meta, fmt.Errorf("list of %s: %w", d.def, err)
	}
	return l.meta, nil
}

// yieldError carries the caller's own error through the reader unchanged.
type yieldError struct{ err error }

func (e *yieldError) Error() string { return e.err.Error() }

// listReader is the state of one List call.
type listReader struct {
	*Decoder
	in    *input
	early func(token string) // nil: nobody wants to know, or it has been called, or it is too late
	yield func(Item) error
	meta  metav1.ListMeta
	env   encoded // apiVersion and kind of the list

	seenItems bool // JSON: "items" has been read
}

// Field numbers that all list messages share.
const (
	listMeta  = 1
	listItems = 2
)

func (l *listReader) readProtobuf() error {
	in := l.in
	if err := in.need(len(magic)); err != nil {
		return err
	}
	if !bytes.HasPrefix(in.window(), magic) {
		return notProtobuf(in.window())
	}
	in.advance(len(magic))
	seenRaw := false
	for {
		if ok, err := in.more(); err != nil {
			return err
		} else if !ok {
			break
		}
		number, kind, err := in.tag()
		if err != nil {
			return err
		}
		switch {
		case number == unknownRaw && kind == wireBytes:
			if seenRaw {
				return fmt.Errorf("protobuf envelope: two bodies: %w", errWire)
			}
			seenRaw = true
			if err := l.readRaw(); err != nil {
				return err
			}
		case kind == wireBytes:
			content, err := in.delimited()
			if err != nil {
				return err
			}
			if err := l.takeEnvelope(wireField{number: number, kind: kind, bytes: content}); err != nil {
				return err
			}
			in.advance(len(content))
		default:
			if err := in.skip(kind); err != nil {
				return err
			}
		}
	}
	if !seenRaw {
		return fmt.Errorf("protobuf envelope without a body: %w", io.ErrUnexpectedEOF)
	}
	return nil
}

// takeEnvelope keeps the apiVersion and kind, which outlive the window.
func (l *listReader) takeEnvelope(f wireField) error {
	if err := l.env.take(f); err != nil {
		return err
	}
	l.env.apiVersion, l.env.kind = bytes.Clone(l.env.apiVersion), bytes.Clone(l.env.kind)
	return nil
}

// readRaw reads the list message: metadata and items in any order.
func (l *listReader) readRaw() error {
	in := l.in
	size, err := in.length()
	if err != nil {
		return err
	}
	if err := l.checkListKind(string(l.env.apiVersion), string(l.env.kind)); err != nil {
		if bytes.Equal(l.env.kind, kindStatus) && size <= int64(in.limit) && in.need(int(size)) == nil {
			return statusError(formatProtobuf, in.window()[:size])
		}
		return err
	}
	if v := string(l.env.apiVersion); v != "" && v != l.typeMeta.APIVersion && l.form != metadataOnly {
		return fmt.Errorf("the server sent a list of %s, the definition says %s", v, l.typeMeta.APIVersion)
	}
	for end := in.offset() + size; in.offset() < end; {
		number, kind, err := in.tag()
		if err != nil {
			return err
		}
		if kind != wireBytes || number != listMeta && number != listItems {
			if err := in.skip(kind); err != nil {
				return err
			}
			continue
		}
		size, err := in.length()
		if err != nil {
			return err
		}
		if size > end-in.offset() {
			return fmt.Errorf("a field crosses the end of the list: %w", errWire)
		}
		if err := l.field(number, size); err != nil {
			return err
		}
	}
	return nil
}

// field reads the list's metadata or one item.
func (l *listReader) field(number int, size int64) error {
	if number == listItems && size > int64(l.in.limit) {
		return l.oversized(size)
	}
	content, err := l.in.take(size)
	if err != nil {
		return err
	}
	if number == listMeta {
		if err = l.meta.Unmarshal(content); err == nil {
			l.announce()
		}
	} else {
		err = l.item(encoded{format: formatProtobuf, raw: content})
	}
	l.in.advance(len(content))
	return err
}

// announce says what the next page's token is, as soon as there is one.
func (l *listReader) announce() {
	if l.early != nil && l.meta.Continue != "" {
		l.early(l.meta.Continue)
		l.early = nil
	}
}

// item decodes one item, unless it is known, and yields it.
func (l *listReader) item(e encoded) error {
	if l.skips(&e) {
		return l.give(Item{Skipped: true, Size: len(e.raw)})
	}
	g := l.digest(&e)
	item := Item{Size: len(e.raw), Hash: g.hash}
	if item.Object = l.known(&e, item.Hash); item.Object != nil {
		item.Reused = true
		return l.give(item)
	}
	var err error
	if item.Object, item.Trace, err = l.version(e, &g); err != nil {
		item.Object, item.Err = nil, e.broken(err)
	}
	return l.give(item)
}

// give yields an item.
func (l *listReader) give(item Item) error {
	l.early = nil
	if l.skipsBroken(item.Err) {
		item = Item{Skipped: true, Size: item.Size}
	}
	if err := l.yield(item); err != nil {
		return &yieldError{err}
	}
	return nil
}

// checkListKind refuses what is no list. The name of a list's kind is free for custom resources, so only what it must not be is known.
func (l *listReader) checkListKind(apiVersion, kind string) error {
	switch kind {
	case string(kindTable):
		return errors.New("the server sent a Table, which is for printing; ask for objects")
	case string(kindStatus):
		return errors.New("the server sent a Status")
	case l.def.GroupVersionKind().Kind:
		return fmt.Errorf("the server sent one object, %s %s", apiVersion, kind)
	}
	return nil
}
