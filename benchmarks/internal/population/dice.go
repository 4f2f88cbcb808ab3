package population

import (
	"hash/fnv"
	"math/rand"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// dice throw the same for the same name and number, whatever was asked for before.
type dice struct{ *rand.Rand }

func newDice(name string, i int) *dice {
	h := fnv.New64a()
	h.Write([]byte(name))
	// The seed is mixed, else the dice of one number would throw what those of the number before it throw next.
	seed := &splitMix{h.Sum64() + uint64(i)*0x9e3779b97f4a7c15}
	return &dice{rand.New(&splitMix{seed.Uint64()})}
}

// splitMix is a source that costs nothing to seed, as that happens twice an object.
type splitMix struct{ state uint64 }

func (s *splitMix) Seed(seed int64) { s.state = uint64(seed) }

func (s *splitMix) Int63() int64 { return int64(s.Uint64() >> 1) }

func (s *splitMix) Uint64() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

const (
	hexDigits = "0123456789abcdef"
	safe      = "bcdfghjklmnpqrstvwxz2456789" // what servers generate names from
)

func letters(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.Intn(len(alphabet))]
	}
	return string(b)
}

func (d *dice) letters(n int) string { return letters(d.Rand, safe, n) }

func (d *dice) hex(n int) string { return letters(d.Rand, hexDigits, n) }

func (d *dice) uid() types.UID {
	return types.UID(d.hex(8) + "-" + d.hex(4) + "-" + d.hex(4) + "-" + d.hex(4) + "-" + d.hex(12))
}

func (d *dice) seconds(least, span int) time.Duration {
	return time.Duration(least+d.Intn(span)) * time.Second
}

// time is when object i was created.
func (d *dice) time(i int) metav1.Time {
	return metav1.NewTime(time.Unix(1_700_000_000+int64(i)*17, 0))
}

func managed(manager, version, subresource string, at metav1.Time, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: "Update", APIVersion: version, Time: &at, FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(fields), Subresource: subresource}
}
