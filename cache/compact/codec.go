package compact

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// Zstd keeps each object as one zstd frame. Objects of one kind resemble each other, and so do those of one deployment: when a few hundred have
// come, a sample of them becomes the dictionary of all further ones. Those before it are compressed by themselves, and stay so until they
// change.
var Zstd store.Compaction = compaction{}

type compaction struct{}

func (compaction) NewPacker(reader *store.Reader, def *resource.Definition, options ...decode.Option) store.Packer {
	return store.NewPacker(reader, def, newCodec(), options...)
}

func newCodec() *codec {
	c := &codec{}
	c.coder.Store(newCoder(nil))
	return c
}

// The first byte of what is packed.
const (
	verbatim byte = iota // too small to compress, or random
	frame                // a zstd frame, which says by itself whether it needs the dictionary
)

// codec is the codec of one store.
type codec struct {
	coder atomic.Pointer[coder]

	mu      sync.Mutex // owns samples
	samples samples
}

// coder compresses with the dictionary that there is, if there is one. With a dictionary it also reads what was written without.
type coder struct {
	trained bool
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

const (
	// dictionaryID marks the frames that need the dictionary.
	dictionaryID = 1
	// maxObject bounds what a frame may claim to hold, in bytes.
	maxObject = 1 << 30
	// window is how far back in an object the compressor looks for repetitions, in bytes; it has a buffer of that size.
	window = 256 << 10
	// readers is how many goroutines can decompress at once.
	readers = 4
)

// newCoder returns a coder with a dictionary, or with nil without one. Neither starts a goroutine.
func newCoder(dict []byte) *coder {
	write := []zstd.EOption{
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithWindowSize(window),
	}
	read := []zstd.DOption{zstd.WithDecoderConcurrency(readers), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxObject)}
	if dict != nil {
		write = append(write, zstd.WithEncoderDictRaw(dictionaryID, dict))
		read = append(read, zstd.WithDecoderDictRaw(dictionaryID, dict))
	}
	encoder, err := zstd.NewWriter(nil, write...)
	if err != nil {
		panic(fmt.Sprintf("compact: %v", err)) // the options are constants
	}
	decoder, err := zstd.NewReader(nil, read...)
	if err != nil {
		panic(fmt.Sprintf("compact: %v", err))
	}
	return &coder{dict != nil, encoder, decoder}
}

// Pack appends compressed bytes to a slice.
func (c *codec) Pack(to, raw []byte) []byte {
	coder := c.coder.Load()
	if !coder.trained {
		c.learn(raw)
	}
	start := len(to)
	to = coder.encoder.EncodeAll(raw, append(to, frame))
	if len(to)-start > len(raw) {
		to = append(append(to[:start], verbatim), raw...)
	}
	return to
}

// learn takes a sample. When there are enough, the dictionary is made.
func (c *codec) learn(raw []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.coder.Load().trained && c.samples.add(raw) {
		c.coder.Store(newCoder(c.samples.dictionary()))
		c.samples = samples{}
	}
}

// Unpack appends what was packed to a slice.
func (c *codec) Unpack(to, packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, fmt.Errorf("compact: nothing was packed")
	}
	switch packed[0] {
	case verbatim:
		return append(to, packed[1:]...), nil
	case frame:
		raw, err := c.coder.Load().decoder.DecodeAll(packed[1:], to)
		if err != nil {
			return nil, fmt.Errorf("compact: %w", err)
		}
		return raw, nil
	}
	return nil, fmt.Errorf("compact: these bytes come from elsewhere")
}
