package decode

import (
	"encoding/binary"
	"math/big"
	"math/rand"
	"testing"
)

// referencePrint is the definition of NH, in numbers of any size.
func referencePrint(b []byte, shift int) (low, high uint64) {
	padded := append([]byte(nil), b...)
	for len(padded)%16 != 0 {
		padded = append(padded, 0)
	}
	word := func(i int) *big.Int {
		return new(big.Int).SetUint64(binary.LittleEndian.Uint64(padded[8*i:]) + printKey[i+shift])
	}
	sum := new(big.Int)
	for i := 0; i < len(padded)/8; i += 2 {
		sum.Add(sum, new(big.Int).Mul(word(i), word(i+1)))
	}
	low = new(big.Int).And(sum, new(big.Int).SetUint64(^uint64(0))).Uint64()
	high = new(big.Int).And(new(big.Int).Rsh(sum, 64), new(big.Int).SetUint64(^uint64(0))).Uint64()
	return low, high
}

func TestAFingerprintIsWhatItsDefinitionSays(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, size := range []int{1, 7, 8, 15, 16, 17, 31, 32, 33, 1000, maxPrint - 1, maxPrint} {
		b := make([]byte, size)
		r.Read(b)
		want := fingerprint{size: size}
		want.sums[0], want.sums[1] = referencePrint(b, 0)
		want.sums[2], want.sums[3] = referencePrint(b, 2)
		if have := printOf(b); have != want {
			t.Errorf("%d bytes: %v, want %v", size, have, want)
		}
	}
}

func TestAFingerprintTellsEveryBitAndTheLength(t *testing.T) {
	b := make([]byte, 300)
	seen := map[fingerprint]int{printOf(b): -1}
	for bit := range 8 * len(b) {
		b[bit/8] ^= 1 << (bit % 8)
		p := printOf(b)
		if other, ok := seen[p]; ok {
			t.Fatalf("bits %d and %d have one fingerprint", bit, other)
		}
		seen[p] = bit
		b[bit/8] ^= 1 << (bit % 8)
	}
	for size := range len(b) {
		if p := printOf(b[:size]); size > 0 && seen[p] != 0 {
			t.Fatalf("%d zeros have the fingerprint of bit %d", size, seen[p])
		}
	}
	if printKey[0] == printKey[1] || printKey[0] == 0 {
		t.Fatal("the key is not random")
	}
}
