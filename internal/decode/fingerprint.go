package decode

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
)

// fingerprint stands for bytes that are not kept. Two different strings of bytes have the same one with a probability of at most 2^-128,
// whatever they are and whoever chose them, because the key is drawn when the process starts and no fingerprint ever leaves it.
//
// It is the universal hash NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, 1999), for which that is proven and not hoped: the sum of the
// products of neighbouring words, each plus a word of the key, modulo 2^128. One sum is equal with a probability of 2^-64 for strings of one
// length; the second uses the key two words further.
type fingerprint struct {
	sums [4]uint64
	size int // 0: none
}

// maxPrint is the size of the largest string that has a fingerprint. The key is as long.
const maxPrint = 16 << 10

var printKey = func() (key [maxPrint/8 + 2]uint64) {
	var seed [len(key) * 8]byte
	rand.Read(seed[:]) // it never fails
	for i := range key {
		key[i] = binary.NativeEndian.Uint64(seed[8*i:])
	}
	return key
}()

// printOf returns the fingerprint of 1 to maxPrint bytes.
func printOf(b []byte) fingerprint {
	var a0, a1, b0, b1, carry uint64 // the sums, in registers
	size, key := len(b), printKey[:]
	var last [16]byte // what is left at the end, filled up with zeros
	for len(b) > 0 && len(key) >= 4 {
		if len(b) < len(last) {
			copy(last[:], b)
			b = last[:]
		}
		m0, m1 := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		high, low := bits.Mul64(m0+key[0], m1+key[1])
		a0, carry = bits.Add64(a0, low, 0)
		a1, _ = bits.Add64(a1, high, carry)
		high, low = bits.Mul64(m0+key[2], m1+key[3])
		b0, carry = bits.Add64(b0, low, 0)
		b1, _ = bits.Add64(b1, high, carry)
		b, key = b[16:], key[2:]
	}
	return fingerprint{sums: [4]uint64{a0, a1, b0, b1}, size: size}
}
