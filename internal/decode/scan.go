package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/json"
)

var errJSON = errors.New("malformed JSON")

// valueEnd finds the end of one JSON value in bytes that come in pieces. It balances brackets and knows strings; whether
// the value is well formed is for its decoder to say.
type valueEnd struct {
	depth    int
	inString bool
	escaped  bool
	scalar   bool // in a number, true, false or null, which only the next token ends
}

// feed looks at the next bytes. It returns how many of them belong to the value, and whether the value ends there.
func (v *valueEnd) feed(b []byte) (int, bool) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case v.inString:
			n := v.feedString(b[i:])
			i += n - 1
			if !v.inString && v.depth == 0 {
				return i + 1, true
			}
		case c == '"':
			if v.scalar {
				return i, true
			}
			v.inString = true
		case c == '{' || c == '[':
			if v.scalar {
				return i, true
			}
			v.depth++
		case c == '}' || c == ']':
			if v.depth == 0 {
				return i, true // the end of what is around a scalar
			}
			if v.depth--; v.depth == 0 {
				return i + 1, true
			}
		case v.depth > 0:
		case c == ',' || c == ':' || isSpace(c):
			return i, true
		default:
			v.scalar = true
		}
	}
	return len(b), false
}

// feedString returns how many bytes belong to the string, with its closing quote if it is there.
func (v *valueEnd) feedString(b []byte) int {
	for i := 0; i < len(b); {
		if v.escaped {
			v.escaped = false
			i++
			continue
		}
		n := bytes.IndexByte(b[i:], '"')
		piece := b[i:]
		if n >= 0 {
			piece = b[i : i+n]
		}
		if e := bytes.IndexByte(piece, '\\'); e >= 0 {
			v.escaped = true
			i += e + 1
			continue
		}
		if n >= 0 {
			v.inString = false
			return i + n + 1
		}
		return len(b)
	}
	return len(b)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

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

// value returns the next JSON value as a window, which the caller consumes with advance.
func (in *input) value() ([]byte, error) {
	if _, err := in.token(); err != nil {
		return nil, err
	}
	var end valueEnd
	for seen := 0; ; {
		n, done := end.feed(in.window()[seen:])
		seen += n
		if seen > in.limit {
			return nil, &TooLargeError{Limit: in.limit}
		}
		if done {
			if seen == 0 {
				return nil, fmt.Errorf("want a value, have %q: %w", in.window()[0], errJSON)
			}
			return in.window()[:seen:seen], nil
		}
		switch err := in.fill(); {
		case err == io.EOF && end.scalar && end.depth == 0:
			return in.window()[:seen:seen], nil
		case err == io.EOF:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
	}
}

// object walks the members of an object on the stream: each is called with its name and must consume its value.
func (in *input) object(member func(name string) error) error {
	if err := in.punctuation('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		c, err := in.token()
		if err != nil {
			return err
		}
		if c == '}' {
			in.advance(1)
			return nil
		}
		if !first {
			if err := in.punctuation(','); err != nil {
				return err
			}
		}
		name, err := in.stringValue()
		if err != nil {
			return err
		}
		if err := in.punctuation(':'); err != nil {
			return err
		}
		if err := member(name); err != nil {
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

// unquote decodes a JSON string.
func unquote(raw []byte) (string, error) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", fmt.Errorf("want a string, have %q: %w", raw[:min(len(raw), 16)], errJSON)
	}
	var s string
	err := json.UnmarshalCaseSensitivePreserveInts(raw, &s)
	return s, err
}
