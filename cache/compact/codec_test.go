package compact

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/sheaf-dev/sheaf/cache/store"
)

// text is an object of some kind: much of it is as in all others.
func text(i int) []byte {
	return fmt.Appendf(nil, `{"metadata":{"name":"web-%d","uid":"%016x"},"spec":{%s}}`, i, rand.New(rand.NewPCG(uint64(i), 1)).Uint64(),
		strings.Repeat(`"image":"registry.example.com/team/web:v1","port":8080,"args":["--verbose","--config=/etc/config"],`, 10))
}

func mustUnpack(t testing.TB, c store.Codec, packed, want []byte) {
	t.Helper()
	if have, err := c.Unpack([]byte("head"), packed); err != nil || !bytes.Equal(have, append([]byte("head"), want...)) {
		t.Fatalf("%q, %v; want %q", have, err, want)
	}
}

func TestWhatIsPackedComesBackBeforeAndAfterTheDictionary(t *testing.T) {
	c := newCodec()
	packed := make([][]byte, 2*enough)
	for i := range packed {
		packed[i] = c.Pack([]byte("head"), text(i))[len("head"):]
		if c.coder.Load().trained != (i >= enough-1) {
			t.Fatalf("a dictionary after %d objects", i+1)
		}
	}
	for i, p := range packed {
		mustUnpack(t, c, p, text(i))
	}
	if first, last := len(packed[0]), len(packed[len(packed)-1]); last*2 > first {
		t.Errorf("%d bytes without the dictionary, %d with it", first, last)
	}
	if c.samples.kept != nil {
		t.Error("the samples are kept")
	}
}

func TestBytesThatCannotBeCompressedCostOneByte(t *testing.T) {
	c := newCodec()
	random := rand.NewChaCha8([32]byte{})
	for _, size := range []int{0, 1, 7, 200, 100_000} {
		raw := make([]byte, size)
		_, _ = random.Read(raw)
		packed := c.Pack(nil, raw)
		if len(packed) > size+1 {
			t.Errorf("%d bytes of %d", len(packed), size)
		}
		mustUnpack(t, c, packed, raw)
	}
}

func TestTinyObjectsAreNoDictionary(t *testing.T) {
	c := newCodec()
	for i := range 4 * enough {
		raw := make([]byte, i%2)
		mustUnpack(t, c, c.Pack(nil, raw), raw)
	}
	if c.coder.Load().trained {
		t.Error("a dictionary of next to nothing")
	}
	for i := range 2 * enough {
		mustUnpack(t, c, c.Pack(nil, text(i)), text(i))
	}
	if !c.coder.Load().trained {
		t.Error("no dictionary of larger ones")
	}
}

func TestAFewLargeObjectsAreEnoughForADictionaryOfBoundedSize(t *testing.T) {
	c := newCodec()
	large := bytes.Repeat(text(1), 1<<20/len(text(1)))
	for range enoughBytes/len(large) + 1 {
		mustUnpack(t, c, c.Pack(nil, large), large)
	}
	if !c.coder.Load().trained {
		t.Error("no dictionary")
	}
	var s samples
	for range maxKept * 2 {
		s.add(large)
	}
	if size := len(s.dictionary()); size != dictionaryBytes {
		t.Errorf("a dictionary of %d bytes", size)
	}
}

func TestForeignBytesAreAnError(t *testing.T) {
	c := newCodec()
	for _, packed := range [][]byte{nil, {frame, 1, 2, 3}, {77}} {
		if _, err := c.Unpack(nil, packed); err == nil {
			t.Errorf("%v can be unpacked", packed)
		}
	}
}

func TestManyPackAndUnpackAtOnce(t *testing.T) {
	c := newCodec()
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range enough {
				mustUnpack(t, c, c.Pack(nil, text(g*enough+i)), text(g*enough+i))
			}
		})
	}
	all.Wait()
}

func FuzzUnpack(f *testing.F) {
	c := newCodec()
	for i := range enough + 1 {
		packed := c.Pack(nil, text(i))
		if i%64 == 0 {
			f.Add(packed)
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		_, _ = c.Unpack(nil, packed) // no panic, whatever it is
		mustUnpack(t, c, c.Pack(nil, packed), packed)
	})
}

func BenchmarkPack(b *testing.B) {
	c := newCodec()
	for i := range enough {
		c.Pack(nil, text(i))
	}
	raw, i := text(7), 0
	var buffer []byte
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		i++
		buffer = c.Pack(buffer[:0], raw)
	}
	b.ReportMetric(float64(len(buffer)), "packed-B")
}
