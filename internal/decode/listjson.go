package decode

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/json"
)

// readJSON reads {"kind":…,"apiVersion":…,"metadata":…,"items":[…]} with its members in any order.
func (l *listReader) readJSON() error {
	if err := l.in.object(l.member); err != nil {
		return err
	}
	if c, err := l.in.peek(); err != nil {
		return err
	} else if l.in.pos < l.in.end {
		return fmt.Errorf("%q after the list: %w", c, errJSON)
	}
	if err := l.checkListKind(string(l.env.apiVersion), string(l.env.kind)); err != nil || l.seenItems {
		return err
	}
	// API servers write them, if only as null; some aggregated ones leave out what is empty. What else has none says nothing about what there is.
	if bytes.HasSuffix(l.env.kind, []byte("List")) && l.meta.ResourceVersion != "" {
		return nil
	}
	return fmt.Errorf("the server sent no list: it has kind %q and no items", l.env.kind)
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
		if err == nil {
			l.announce()
		}
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
	return l.in.sequence('[', ']', func() error {
		raw, err := l.in.value()
		if isTooLarge(err) {
			return l.oversizedJSON(raw)
		}
		if err != nil {
			return err
		}
		if err := l.item(encoded{format: formatJSON, raw: raw, cursor: jsonCursor{b: raw, brackets: l.in.scan.brackets}}); err != nil {
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
