package decode

import (
	"fmt"
	"io"

	"sigs.k8s.io/json"
)

// The readers of JSON on a stream: what is around the objects of a list.

// peek returns the next byte of the stream that is no white space, without consuming it; 0 at a clean end.
func (in *input) peek() (byte, error) {
	for {
		for in.pos < in.end {
			if c := in.buf[in.pos]; !isSpace(c) {
				return c, nil
			}
			in.pos++
		}
		if ok, err := in.more(); err != nil || !ok {
			return 0, err
		}
	}
}

// token is peek where the value must go on.
func (in *input) token() (byte, error) {
	c, err := in.peek()
	if err == nil && c == 0 && in.pos == in.end {
		err = io.ErrUnexpectedEOF
	}
	return c, err
}

// punctuation consumes one expected byte.
func (in *input) punctuation(want byte) error {
	c, err := in.token()
	if err != nil {
		return err
	}
	if c != want {
		return fmt.Errorf("want %q, have %q: %w", want, c, errJSON)
	}
	in.advance(1)
	return nil
}

// value returns the next JSON value as a window, which the caller consumes with advance. Its brackets are in in.scan until the next
// value is read. With a TooLargeError comes the beginning of the value; skipRest gets behind it.
func (in *input) value() ([]byte, error) {
	if _, err := in.token(); err != nil {
		return nil, err
	}
	in.scan.reset()
	for seen := 0; ; {
		n, done := in.scan.feed(in.window()[seen:])
		if seen += n; seen > in.limit {
			return in.window()[:seen:seen], &TooLargeError{Limit: in.limit}
		}
		if seen == 0 && done {
			return nil, fmt.Errorf("want a value, have %q: %w", in.window()[0], errJSON)
		}
		if done || in.scan.tooDeep {
			return in.window()[:seen:seen], in.scan.err()
		}
		switch err := in.fill(); {
		case err == io.EOF && in.scan.scalar:
			return in.window()[:seen:seen], nil
		case err == io.EOF:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
	}
}

// skipValue consumes a value without holding it.
func (in *input) skipValue() error {
	if _, err := in.token(); err != nil {
		return err
	}
	in.scan.reset()
	err := in.skipRest()
	if err == nil && in.scan.size == 0 {
		err = fmt.Errorf("want a value, have %q: %w", in.window()[0], errJSON)
	}
	return err
}

// skipRest consumes the rest of a value whose beginning has been consumed.
func (in *input) skipRest() error {
	for in.scan.flat = true; !in.scan.ended; {
		if ok, err := in.more(); err != nil {
			return err
		} else if !ok && !in.scan.scalar {
			return io.ErrUnexpectedEOF
		} else if !ok {
			return nil
		}
		n, _ := in.scan.feed(in.window())
		in.advance(n)
		if in.scan.tooDeep {
			return in.scan.err()
		}
	}
	return nil
}

// object walks the members of an object on the stream: each is called with its name and must consume its value.
func (in *input) object(member func(name string) error) error {
	return in.sequence('{', '}', func() error {
		name, err := in.stringValue()
		if err != nil {
			return err
		}
		if err := in.punctuation(':'); err != nil {
			return err
		}
		return member(name)
	})
}

// sequence walks what stands between two brackets, separated by commas: element must consume one value a call.
func (in *input) sequence(opening, closing byte, element func() error) error {
	if err := in.punctuation(opening); err != nil {
		return err
	}
	for first := true; ; first = false {
		c, err := in.token()
		if err != nil {
			return err
		}
		if c == closing && first {
			in.advance(1)
			return nil
		}
		if !first {
			in.advance(1)
			if c == closing {
				return nil
			}
			if c != ',' {
				return fmt.Errorf("want a comma, have %q: %w", c, errJSON)
			}
		}
		if err := element(); err != nil {
			return err
		}
	}
}

// stringValue reads and consumes a JSON string.
func (in *input) stringValue() (string, error) {
	raw, err := in.value()
	if err != nil {
		return "", err
	}
	s, err := unquote(raw)
	in.advance(len(raw))
	return s, err
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

// unquote decodes a JSON string.
func unquote(raw []byte) (string, error) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", fmt.Errorf("want a string, have %q: %w", raw[:min(len(raw), 16)], errJSON)
	}
	var s string
	err := json.UnmarshalCaseSensitivePreserveInts(raw, &s)
	return s, err
}
