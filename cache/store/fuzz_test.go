package store

import "testing"

// script is a program that a fuzzer writes: one byte a decision, and nothing but zeros after the end.
type script struct{ bytes []byte }

func (s *script) IntN(n int) int {
	if len(s.bytes) == 0 {
		return 0
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return int(b) % n
}

func FuzzStore(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add([]byte("set, delete and set again, with labels and without"), false)
	f.Add([]byte("\x05\x03\x07\x01\x00\x02\x06\x04\x01\x01\x03\x02\x00\x05\x07\x02\x01\x04\x03\x06\x00\x01\x02\x07\x05"), true)
	f.Fuzz(func(t *testing.T, bytes []byte, noLabelIndex bool) {
		for _, compact := range []bool{false, true} {
			p := &script{bytes[:min(len(bytes), 4096)]}
			opts := Options{NoLabelIndex: noLabelIndex, Compact: compact, Indexers: map[string]IndexFunc{"index0": byAnnotation("values")}}
			run(t, p, min(60, 2+len(bytes)/8), 5, opts)
		}
	})
}
