package store

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"unsafe"
	"weak"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// packed is an object of a compact store. Its identity is at hand; the rest is decoded when somebody asks, and kept as long as somebody
// holds it.
type packed struct {
	readOnly
	opener *opener
	// data never changes: the wire format, the lengths of the four parts of the identity as varints, these parts, and the compressed bytes.
	data  []byte
	ref   atomic.Pointer[ref]
	notes *notes // until it is stored; the writer's
}

var _ resource.Object = (*packed)(nil)

// The parts of an identity.
const (
	partNamespace = iota
	partName
	partUID
	partVersion
	parts
)

// write makes the data of an object.
func (p *packer) write(o resource.Object, raw decode.Raw) []byte {
	identity := [parts]string{o.GetNamespace(), o.GetName(), string(o.GetUID()), o.GetResourceVersion()}
	buffer := make([]byte, 1, 1024)
	if raw.Protobuf {
		buffer[0] = 1
	}
	for _, part := range identity {
		buffer = binary.AppendUvarint(buffer, uint64(len(part)))
	}
	for _, part := range identity {
		buffer = append(buffer, part...)
	}
	return slices.Clip(slices.Clone(p.codec.Pack(buffer, raw.Bytes)))
}

// part returns one part of the identity, which shares the memory of data, and where the compressed bytes begin.
func (p *packed) part(wanted int) (part string, end int) {
	at, from, size := 1, 0, 0
	for i := range parts {
		length, n := binary.Uvarint(p.data[at:])
		at += n
		if i < wanted {
			from += int(length)
		} else if i == wanted {
			size = int(length)
		}
		end += int(length)
	}
	text := p.data[at+from : at+from+size]
	return unsafe.String(unsafe.SliceData(text), len(text)), at + end
}

func (p *packed) text(part int) string {
	text, _ := p.part(part)
	return text
}

func (p *packed) GetNamespace() string       { return p.text(partNamespace) }
func (p *packed) GetName() string            { return p.text(partName) }
func (p *packed) GetUID() types.UID          { return types.UID(p.text(partUID)) }
func (p *packed) GetResourceVersion() string { return p.text(partVersion) }

// The rest of an object's metadata is decoded.

func (p *packed) GetGenerateName() string            { return p.open().GetGenerateName() }
func (p *packed) GetGeneration() int64               { return p.open().GetGeneration() }
func (p *packed) GetSelfLink() string                { return p.open().GetSelfLink() }
func (p *packed) GetCreationTimestamp() metav1.Time  { return p.open().GetCreationTimestamp() }
func (p *packed) GetDeletionTimestamp() *metav1.Time { return p.open().GetDeletionTimestamp() }
func (p *packed) GetDeletionGracePeriodSeconds() *int64 {
	return p.open().GetDeletionGracePeriodSeconds()
}
func (p *packed) GetLabels() map[string]string                { return p.open().GetLabels() }
func (p *packed) GetAnnotations() map[string]string           { return p.open().GetAnnotations() }
func (p *packed) GetFinalizers() []string                     { return p.open().GetFinalizers() }
func (p *packed) GetOwnerReferences() []metav1.OwnerReference { return p.open().GetOwnerReferences() }
func (p *packed) GetManagedFields() []metav1.ManagedFieldsEntry {
	return p.open().GetManagedFields()
}
func (p *packed) GetObjectKind() schema.ObjectKind { return p.open().GetObjectKind() }

// ref is a weak pointer to the memory of a decoded object.
type ref struct{ weak.Pointer[byte] }

func newRef(o resource.Object) *ref {
	return &ref{weak.Make((*byte)(reflect.ValueOf(o).UnsafePointer()))}
}

// held returns the object if somebody holds it, else nil.
func (p *packed) held(r *ref) resource.Object {
	if r == nil {
		return nil
	}
	memory := r.Value()
	if memory == nil {
		return nil
	}
	return reflect.NewAt(p.opener.goType, unsafe.Pointer(memory)).Interface().(resource.Object)
}

// open returns the object that the others have, or decodes it.
func (p *packed) open() resource.Object {
	last := p.ref.Load()
	if o := p.held(last); o != nil {
		return o
	}
	o, err := p.unpack()
	if err != nil {
		panic(fmt.Sprintf("store: %s %s, which was decoded before, cannot be decoded again: %v",
			p.opener.decoder.Definition(), resource.KeyOf(p), err))
	}
	for next := newRef(o); !p.ref.CompareAndSwap(last, next); {
		last = p.ref.Load() // somebody was faster
		if theirs := p.held(last); theirs != nil {
			return theirs
		}
	}
	return o
}

func (p *packed) unpack() (resource.Object, error) {
	_, from := p.part(parts - 1)
	return p.opener.unpack(p.data[0] == 1, p.data[from:])
}

// readOnly has the methods of an object that change it.
type readOnly struct{}

func (readOnly) refuse() { panic("store: objects of a cache are read-only") }

func (r readOnly) SetNamespace(string)                          { r.refuse() }
func (r readOnly) SetName(string)                               { r.refuse() }
func (r readOnly) SetGenerateName(string)                       { r.refuse() }
func (r readOnly) SetUID(types.UID)                             { r.refuse() }
func (r readOnly) SetResourceVersion(string)                    { r.refuse() }
func (r readOnly) SetGeneration(int64)                          { r.refuse() }
func (r readOnly) SetSelfLink(string)                           { r.refuse() }
func (r readOnly) SetCreationTimestamp(metav1.Time)             { r.refuse() }
func (r readOnly) SetDeletionTimestamp(*metav1.Time)            { r.refuse() }
func (r readOnly) SetDeletionGracePeriodSeconds(*int64)         { r.refuse() }
func (r readOnly) SetLabels(map[string]string)                  { r.refuse() }
func (r readOnly) SetAnnotations(map[string]string)             { r.refuse() }
func (r readOnly) SetFinalizers([]string)                       { r.refuse() }
func (r readOnly) SetOwnerReferences([]metav1.OwnerReference)   { r.refuse() }
func (r readOnly) SetManagedFields([]metav1.ManagedFieldsEntry) { r.refuse() }
