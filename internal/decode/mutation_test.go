package decode

import (
	"bytes"
	"math/rand"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/randfill"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// mutate returns the bytes with a few of them changed, removed, repeated or moved.
func mutate(r *rand.Rand, raw []byte) []byte {
	b := bytes.Clone(raw)
	for range 1 + r.Intn(3) {
		if len(b) == 0 {
			return b
		}
		i, j := r.Intn(len(b)), r.Intn(len(b))
		i, j = min(i, j), min(max(i, j), i+20)
		switch r.Intn(6) {
		case 0:
			b[i] ^= 1 << r.Intn(8)
		case 1:
			b[i] = byte(r.Intn(256))
		case 2:
			b = append(b[:i:i], b[j:]...)
		case 3:
			b = append(b[:j:j], b[i:]...)
		case 4:
			b = b[:i]
		case 5:
			copy(b[i:], raw[r.Intn(len(raw)):])
		}
	}
	return b
}

func TestDamagedBytesAreAnErrorOrWhatTheOfficialDecoderReads(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	for _, def := range append(builtin.Definitions(), widgetDef, oddityDef, mapDef, metaDef) {
		source := def
		if def == mapDef || def == metaDef {
			source = podDef
		}
		filler := newFiller(r.Int63())
		for _, f := range formatsOf(def) {
			table := NewTable(0)
			raw := bytesOf(t, f, randomSource(source, filler))
			for range damagesPerObject {
				judge(t, def, table, f, mutate(r, raw))
			}
			judge(t, def, table, f, raw) // nothing wrong was remembered
		}
	}
}

// randomSource is randomObject, without what cannot be encoded.
func randomSource(def *resource.Definition, filler *randfill.Filler) resource.Object {
	if def == oddityDef {
		return &oddity{Number: "1", Raw: []byte(`{"a":1}`)}
	}
	return randomObject(def, filler)
}

// TestUnusualProtobufIsReadAsTheOfficialDecoderDoes has what encoders may write by the protobuf specification, but Kubernetes does not.
func TestUnusualProtobufIsReadAsTheOfficialDecoderDoes(t *testing.T) {
	table := NewTable(0)
	pod := bytesOf(t, formatProtobuf, productionPods(1, 1)[0])
	varint := func(field int, v uint64) []byte { return appendVarint(appendVarint(nil, uint64(field)<<3), v) }
	content := func(field int, parts ...[]byte) []byte {
		b := bytes.Join(parts, nil)
		return append(appendVarint(appendVarint(nil, uint64(field)<<3|wireBytes), uint64(len(b))), b...)
	}
	entry := func(parts ...[]byte) []byte { return content(1, content(11, parts...)) }
	for name, raw := range map[string][]byte{
		"empty":                       {},
		"twice":                       append(bytes.Clone(pod), pod...),
		"metadata twice":              append(content(1, content(1, []byte("a"))), content(1, content(3, []byte("b")))...),
		"a pointer twice":             content(2, content(14, varint(1, 5)), content(14, varint(2, 6))),
		"a slice in two runs":         content(2, content(2, content(1, []byte("a"))), content(3, []byte("Always")), content(2, content(1, []byte("b")))),
		"a map in two runs":           content(1, content(11, content(1, []byte("a")), content(2, []byte("1"))), content(1, []byte("n")), content(11, content(1, []byte("b")), content(2, []byte("2")))),
		"an entry without a value":    entry(content(1, []byte("a"))),
		"an entry without a key":      entry(content(2, []byte("a"))),
		"an entry of the other order": entry(content(2, []byte("v")), content(1, []byte("k"))),
		"an entry with more":          entry(content(1, []byte("k")), content(2, []byte("v")), content(3, []byte("x"))),
		"an entry with two values":    entry(content(1, []byte("k")), content(2, []byte("v")), content(2, []byte("w"))),
		"an empty entry":              entry(),
		"a key twice":                 content(1, content(11, content(1, []byte("k")), content(2, []byte("v"))), content(11, content(1, []byte("k")), content(2, []byte("w")))),
		"unknown fields":              append(content(99, []byte("x")), append(varint(98, 1), 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4)...),
		"an unknown group":            {0x7b, 0x08, 0x01, 0x7c},
		"an unclosed group":           {0x7b, 0x08, 0x01},
		"a long varint":               content(2, []byte{4 << 3, 0x85, 0x80, 0x80, 0x80, 0x80, 0x00}),
		"a varint of 70 bits":         content(2, []byte{4 << 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}),
		"a field number of 32 bits":   {0x88, 0x80, 0x80, 0x80, 0x80, 0x01, 0x01},
		"field 0":                     {0x00, 0x01},
		"a negative length":           {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"a packed list":               content(2, content(14, content(4, []byte{1, 2, 3}))),
		"a list of numbers":           content(2, content(14, varint(4, 1), varint(4, 2), varint(4, 300))),
		"a number as content":         content(2, content(4, []byte{1})),
		"content as a number":         content(1, varint(1, 7)),
		"invalid UTF-8":               content(1, content(1, []byte("\xff\xfe"))),
		"a bool of many bits":         content(2, varint(11, 1<<40)),
		"a number beyond 32 bits":     content(2, content(14, varint(1, 1<<63)), varint(25, 1<<40)),
		"a time with a fraction":      content(1, content(8, varint(1, 1_700_000_000), varint(2, 999_999_999))),
		"an empty time":               content(1, content(8)),
		"a time with more":            content(1, content(8, varint(1, 5), varint(3, 5))),
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, podDef, table, formatProtobuf, raw)
			judge(t, podDef, table, formatProtobuf, raw)
			judge(t, metaDef, table, formatProtobuf, raw)
		})
	}
	if _, err := For(podDef).decode(encodedOf(formatProtobuf, pod)); err != nil {
		t.Fatal(err)
	}
}

func TestQuantityInAnUnusualFormIsRefused(t *testing.T) {
	quota := &corev1.ResourceQuota{}
	quota.Spec.Hard = corev1.ResourceList{"cpu": {}}
	raw := bytesOf(t, formatProtobuf, quota)
	// The official decoder recurses once for each byte of this.
	at := bytes.Index(raw, []byte("cpu")) + 3
	deep := append(bytes.Clone(raw[:at]), raw[at:]...)
	deep[at+2] = 0x7b
	def, _ := builtin.ForResource(corev1.SchemeGroupVersion.WithResource("resourcequotas"))
	if _, err := For(def).decode(encodedOf(formatProtobuf, deep)); err == nil {
		t.Fatal("no error")
	}
}
