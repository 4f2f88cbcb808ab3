package store

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAVectorKeepsWhatItsCopiesHad(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const bound = 20_000
	var v vector[int]
	want := make([]int, bound)
	type held struct {
		vector[int]
		want []int
	}
	var holding []held
	for batch := range uint64(40) {
		for range random.IntN(100) {
			i, value := random.IntN(bound), random.Int()
			v.set(uint32(i), value, batch+1)
			want[i] = value
		}
		holding = append(holding, held{v, slices.Clone(want)})
	}
	for n, h := range holding {
		for i, value := range h.want {
			if got := h.vector.get(uint32(i)); got != value {
				t.Fatalf("copy %d has %d at %d, want %d", n, got, i, value)
			}
		}
	}
}

func TestAVectorVisitsItsValuesInOrder(t *testing.T) {
	var v vector[int]
	numbers := []uint32{3, 16, 17, 5_000, 70_000}
	for _, i := range numbers {
		v.set(i, int(i)+1, 1)
	}
	var got []uint32
	v.each(func(first uint32, values *[width]int) bool {
		for i, value := range values {
			if value != 0 {
				got = append(got, first+uint32(i))
			}
		}
		return true
	})
	if !slices.Equal(got, numbers) {
		t.Errorf("visited %v", got)
	}
	visits := 0
	v.each(func(uint32, *[width]int) bool {
		visits++
		return false
	})
	if visits != 1 {
		t.Errorf("%d visits after the first said stop", visits)
	}
}

func TestAVectorShowsOnlyTheLeavesThatChanged(t *testing.T) {
	var v vector[int]
	for i := range uint32(50_000) {
		v.set(i, 1, 1)
	}
	older := v
	v.set(7, 2, 2)
	v.set(30_000, 2, 2)
	v.set(90_000, 2, 2)
	var first []uint32
	v.eachChanged(&older, func(n uint32, _ *[width]int) bool {
		first = append(first, n)
		return true
	})
	if !slices.Equal(first, []uint32{0, 30_000 / width * width, 90_000 / width * width}) {
		t.Errorf("changed leaves %v", first)
	}
}

func TestAVectorHasNothingBeyondItsEnd(t *testing.T) {
	var v vector[int]
	v.set(1, 5, 1)
	for _, i := range []uint32{0, width, width * width, 1 << topShift, 1<<32 - 1} {
		if v.get(i) != 0 {
			t.Errorf("%d at %d", v.get(i), i)
		}
	}
}
