package decode

import (
	"unicode/utf8"

	"sigs.k8s.io/json"
)

// jsonCursor reads a JSON value whose brackets are known. Its methods check what they read as strictly as the official decoder does,
// so that whatever is accepted here is accepted there; all else is errUnusual.
type jsonCursor struct {
	b        []byte
	i        int
	brackets []bracket
	k        int // the first bracket at or after i
}

// newCursor scans a value that has not been scanned yet.
func newCursor(b []byte) jsonCursor {
	var scan scanner
	scan.feed(b)
	if scan.tooDeep {
		return jsonCursor{b: b} // no bracket can be entered
	}
	return jsonCursor{b: b, brackets: scan.brackets}
}

// next returns the next byte that is no white space, without consuming it; 0, which no JSON has there, at the end.
func (c *jsonCursor) next() byte {
	for c.i < len(c.b) {
		if b := c.b[c.i]; b > ' ' || !isSpace(b) {
			return b
		}
		c.i++
	}
	return 0
}

// enter consumes an opening bracket and returns what is known about it.
func (c *jsonCursor) enter() (bracket, error) {
	if c.k >= len(c.brackets) || int(c.brackets[c.k].start) != c.i {
		return bracket{}, errUnusual
	}
	c.k++
	c.i++
	return c.brackets[c.k-1], nil
}

// raw returns the bytes of the object or array at the cursor, without consuming them.
func (c *jsonCursor) raw() ([]byte, bracket, error) {
	if c.k >= len(c.brackets) || int(c.brackets[c.k].start) != c.i {
		return nil, bracket{}, errUnusual
	}
	br := c.brackets[c.k]
	if br.end == 0 { // never closed
		return nil, br, errUnusual
	}
	return c.b[br.start:br.end:br.end], br, nil
}

// object consumes an object without checking it, and returns it with a cursor of its own.
func (c *jsonCursor) object() (encoded, error) {
	raw, br, err := c.raw()
	if err != nil {
		return encoded{}, err
	}
	e := encoded{format: formatJSON, raw: raw, cursor: jsonCursor{b: c.b[:br.end], i: c.i, brackets: c.brackets, k: c.k}}
	c.leap(br)
	return e, nil
}

// leap moves behind an object or array.
func (c *jsonCursor) leap(br bracket) { c.i, c.k = int(br.end), int(br.next) }

// glance calls found with the members of the object at the cursor: the name, where it starts, a cursor at the value, and where that ends. Objects
// and arrays are leapt over unread. It returns whether all is in the usual form and found always said yes.
func (c jsonCursor) glance(found func(name []byte, from int, value jsonCursor, to int) bool) bool {
	if c.next() != '{' {
		return false
	}
	if _, err := c.enter(); err != nil {
		return false
	}
	for done := c.empty('}'); !done; {
		c.next()
		from := c.i
		name, err := c.name()
		first := c.next()
		value := c
		if first == '{' || first == '[' {
			var br bracket
			if err == nil {
				_, br, err = c.raw()
			}
			c.leap(br)
		} else if err == nil {
			err = c.skip()
		}
		if err != nil || !found(name, from, value, c.i) {
			return false
		}
		if done, err = c.separator('}'); err != nil {
			return false
		}
	}
	return true
}

// separator consumes what follows a member: a comma, or the closing bracket. It returns whether it was the closing one.
func (c *jsonCursor) separator(closing byte) (bool, error) {
	switch b := c.next(); b {
	case ',', closing:
		if b == 0 {
			return false, errUnusual
		}
		c.i++
		return b == closing, nil
	}
	return false, errUnusual
}

// empty consumes the closing bracket of an object or array without members.
func (c *jsonCursor) empty(closing byte) bool {
	if c.next() != closing {
		return false
	}
	c.i++
	return true
}

// name consumes a member's name and its colon.
func (c *jsonCursor) name() ([]byte, error) {
	if c.next() != '"' {
		return nil, errUnusual
	}
	text, err := c.text()
	if err != nil || c.next() != ':' {
		return nil, errUnusual
	}
	c.i++
	return text, nil
}

// text consumes a string and returns its content, which is valid as long as the bytes are.
func (c *jsonCursor) text() ([]byte, error) {
	start := c.i
	plain, err := c.skipText()
	if err != nil {
		return nil, err
	}
	raw := c.b[start:c.i]
	content := raw[1 : len(raw)-1]
	if plain || isPlain(content) {
		return content, nil
	}
	var s string
	if json.UnmarshalCaseSensitivePreserveInts(raw, &s) != nil {
		return nil, errUnusual
	}
	return []byte(s), nil
}

// isPlain says whether a string's content stands for itself.
func isPlain(content []byte) bool {
	for _, b := range content {
		if b == '\\' {
			return false
		}
	}
	return utf8.Valid(content)
}

// skipText consumes a string and checks it. It returns whether it is ASCII without escapes.
func (c *jsonCursor) skipText() (plain bool, err error) {
	b, i := c.b, c.i+1
	for plain = true; ; plain = false {
		i += plainPrefix(b[i:])
		if i >= len(b) {
			return false, errUnusual
		}
		switch char := b[i]; {
		case char == '"':
			c.i = i + 1
			return plain, nil
		case char == '\\':
			n := escapeSize(b[i:])
			if n == 0 {
				return false, errUnusual
			}
			i += n
		case char < ' ':
			return false, errUnusual
		default:
			i++
		}
	}
}

// escapeSize returns the size of a valid escape sequence, or 0.
func escapeSize(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) < 6 {
			return 0
		}
		for _, c := range b[2:6] {
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return 0
			}
		}
		return 6
	}
	return 0
}

// word consumes a literal such as null.
func (c *jsonCursor) word(w string) error {
	if len(c.b)-c.i < len(w) || string(c.b[c.i:c.i+len(w)]) != w {
		return errUnusual
	}
	c.i += len(w)
	return nil
}

// digits consumes decimal digits and returns how many.
func (c *jsonCursor) digits() int {
	start := c.i
	for c.i < len(c.b) && c.b[c.i]-'0' <= 9 {
		c.i++
	}
	return c.i - start
}

// numeral consumes a number and returns its text, and whether it is written as an integer.
func (c *jsonCursor) numeral() (text []byte, integer bool, err error) {
	start := c.i
	if c.b[c.i] == '-' {
		c.i++
	}
	first := c.i
	if n := c.digits(); n == 0 || n > 1 && c.b[first] == '0' {
		return nil, false, errUnusual
	}
	integer = true
	if c.i < len(c.b) && c.b[c.i] == '.' {
		integer = false
		c.i++
		if c.digits() == 0 {
			return nil, false, errUnusual
		}
	}
	if c.i < len(c.b) && c.b[c.i]|0x20 == 'e' {
		integer = false
		c.i++
		if c.i < len(c.b) && (c.b[c.i] == '+' || c.b[c.i] == '-') {
			c.i++
		}
		if c.digits() == 0 {
			return nil, false, errUnusual
		}
	}
	return c.b[start:c.i], integer, nil
}

// skip consumes a value that nobody wants, and checks it.
func (c *jsonCursor) skip() error {
	switch b := c.next(); b {
	case '"':
		_, err := c.skipText()
		return err
	case '{', '[':
		return c.skipMembers(b + 2) // the closing bracket is two further in ASCII
	case 't':
		return c.word("true")
	case 'f':
		return c.word("false")
	case 'n':
		return c.word("null")
	case 0:
		return errUnusual
	default:
		_, _, err := c.numeral()
		return err
	}
}

func (c *jsonCursor) skipMembers(closing byte) error {
	if _, err := c.enter(); err != nil {
		return err
	}
	if c.empty(closing) {
		return nil
	}
	for {
		if closing == '}' {
			if c.next() != '"' {
				return errUnusual
			}
			if _, err := c.skipText(); err != nil {
				return err
			}
			if c.next() != ':' {
				return errUnusual
			}
			c.i++
		}
		if err := c.skip(); err != nil {
			return err
		}
		if done, err := c.separator(closing); done || err != nil {
			return err
		}
	}
}
