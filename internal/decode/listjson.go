package decode

import (
	"bytes"
	"fmt"
	"io"

	"sigs.k8s.io/json"
)

// readJSON reads {"kind":…,"apiVersion":…,"metadata":…,"items":[…]} with its members in any order.
func (l *listReader) readJSON() error {
	if err := l.in.object(l.member); err != nil {
		return err
	}
	if c, err := l.in.peek(); err != nil {
		return err
	} else if c != 0 {
		return fmt.Errorf("%q after the list: %w", c, errJSON)
	}
	return l.checkListKind(string(l.env.apiVersion), string(l.env.kind))
}

// member reads one member of the list.
func (l *listReader) member(name string) error {
	switch name {
	case "items":
		if l.seenItems {
			return fmt.Errorf(`"items" twice: %w`, errJSON) // the first ones have been yielded
		}
		l.seenItems = true
		return l.readItems()
	case "metadata":
		raw, err := l.in.value()
		if err != nil {
			return err
		}
		err = json.UnmarshalCaseSensitivePreserveInts(raw, &l.meta)
		l.in.advance(len(raw))
		return err
	case "kind", "apiVersion":
		s, err := l.in.stringValue()
		if err != nil {
			return err
		}
		if name == "apiVersion" {
			l.env.apiVersion = []byte(s)
			return nil
		}
		l.env.kind = []byte(s)
		if bytes.Equal(l.env.kind, kindStatus) {
			return l.readStatus()
		}
		return l.checkListKind(string(l.env.apiVersion), s)
	}
	return l.in.skipValue()
}

// readItems reads the array. null is an empty one.
func (l *listReader) readItems() error {
	c, err := l.in.token()
	if err != nil {
		return err
	}
	if c == 'n' {
		return l.in.null()
	}
	return l.in.array(func() error {
		raw, err := l.in.value()
		if err != nil {
			return err
		}
		if err := l.item(formatJSON, raw); err != nil {
			return err
		}
		l.in.advance(len(raw))
		return nil
	})
}

// readStatus puts what follows the kind of a Status together again, and returns it as an error.
func (l *listReader) readStatus() error {
	body := bytes.NewBufferString(`{"kind":"Status"`)
	for {
		c, err := l.in.token()
		if err != nil {
			return err
		}
		l.in.advance(1)
		if c == '}' {
			body.WriteByte('}')
			return statusError(formatJSON, body.Bytes())
		}
		if c != ',' {
			return fmt.Errorf("want a comma, have %q: %w", c, errJSON)
		}
		body.WriteByte(',')
		for _, next := range []byte{':', 0} {
			raw, err := l.in.value()
			if err != nil {
				return err
			}
			body.Write(raw)
			l.in.advance(len(raw))
			if body.Len() > l.limit {
				return &TooLargeError{Limit: l.limit}
			}
			if next != 0 {
				if err := l.in.punctuation(next); err != nil {
					return err
				}
				body.WriteByte(next)
			}
		}
	}
}

// array walks the elements of an array on the stream: element must consume one value a call.
func (in *input) array(element func() error) error {
	if err := in.punctuation('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		c, err := in.token()
		if err != nil {
			return err
		}
		if c == ']' {
			in.advance(1)
			return nil
		}
		if !first {
			if err := in.punctuation(','); err != nil {
				return err
			}
		}
		if err := element(); err != nil {
			return err
		}
	}
}

// null consumes the word.
func (in *input) null() error {
	raw, err := in.value()
	if err != nil {
		return err
	}
	if string(raw) != "null" {
		return fmt.Errorf("want null, have %q: %w", raw[:min(len(raw), 16)], errJSON)
	}
	in.advance(len(raw))
	return nil
}

// skipValue consumes a value without holding it.
func (in *input) skipValue() error {
	if _, err := in.token(); err != nil {
		return err
	}
	var end valueEnd
	for {
		n, done := end.feed(in.window())
		in.advance(n)
		if done {
			return nil
		}
		if ok, err := in.more(); err != nil {
			return err
		} else if !ok {
			return io.ErrUnexpectedEOF
		}
	}
}
