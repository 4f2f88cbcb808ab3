package decode

import (
	"strconv"
	"unsafe"
)

// The readers of values without a type, as *unstructured.Unstructured holds them: map[string]any, []any, string, int64, float64,
// bool, nil.

// anyGates is how many gates the untyped values have: which one a value belongs to, follows from the name of the member it is in.
const anyGates = 256

// anyMap reads an object.
func (s *session) anyMap(n *node) (map[string]any, error) {
	br, err := s.enter()
	if err != nil {
		return nil, err
	}
	m := make(map[string]any, s.count(br, '}'))
	if s.empty('}') {
		return m, nil
	}
	for {
		name, err := s.name()
		if err != nil {
			return nil, err
		}
		if err := s.anyMember(n, m, name); err != nil {
			return nil, err
		}
		if done, err := s.separator('}'); done || err != nil {
			return m, err
		}
	}
}

// anyMember reads the value of a member, unless it is dropped.
func (s *session) anyMember(n *node, m map[string]any, name []byte) error {
	drops := s.drops
	if drops != nil {
		sub, dropped := drops.member(string(name))
		if dropped {
			return s.skip()
		}
		s.drops = sub
		defer func() { s.drops = drops }()
	}
	key := s.str(n.key, name)
	s.member = int(nameHash(name, 0) % anyGates)
	var v any
	if err := s.value(n, unsafe.Pointer(&v)); err != nil {
		return err
	}
	m[key] = v
	return nil
}

// anyArray reads an array.
func (s *session) anyArray(n *node, p *any) error {
	br, err := s.enter()
	if err != nil {
		return err
	}
	a := make([]any, s.count(br, ']'))
	*p = a
	if s.empty(']') {
		return nil
	}
	for k, member := 0, s.member; ; k++ {
		if k == len(a) {
			return errUnusual
		}
		s.member = member
		if err := s.value(n, unsafe.Pointer(&a[k])); err != nil {
			return err
		}
		if done, err := s.separator(']'); done || err != nil {
			return err
		}
	}
}

// anyNumber keeps integers that fit into an int64 as such.
func anyNumber(p *any, text []byte, integer bool) error {
	if integer {
		if v, err := strconv.ParseInt(borrowed(text), 10, 64); err == nil {
			*p = v
			return nil
		}
	}
	f, err := strconv.ParseFloat(borrowed(text), 64)
	if err != nil {
		return errUnusual
	}
	*p = f
	return nil
}

// boxed returns the text as an interface's value.
func (s *session) boxed(n *node, text []byte) any {
	if len(text) >= minRecent {
		if v := s.recent.of(text); v != nil {
			return v
		}
	}
	var v any
	w, ok := s.known(n.elem.class, n.elem.gate+s.member, kindAny, unsafe.Pointer(&v), text)
	if !ok {
		v = string(text)
		s.learned(w, kindAny, unsafe.Pointer(&v), text)
		if len(text) >= minRecent {
			s.recent.add(v)
		}
	}
	return v
}
