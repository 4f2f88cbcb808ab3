package store

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestADictionaryNumbersNamesAndReusesTheNumbersOfTheDead(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	d := newDictionary()
	numbers := map[string]uint32{}
	for step := range 20_000 {
		name := strconv.Itoa(random.IntN(600))
		number, there := numbers[name]
		if there && random.IntN(2) == 0 {
			d.remove(number)
			delete(numbers, name)
		} else {
			got, isNew := d.add("space", name)
			if isNew == there || there && got != number {
				t.Fatalf("step %d: add(%q) = %d %t, was there: %d %t", step, name, got, isNew, number, there)
			}
			numbers[name] = got
		}
		if step%100 == 0 {
			if err := d.check("names"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if d.count() != len(numbers) || len(d.live) > 1200 {
		t.Errorf("%d names, want %d; %d numbers", d.count(), len(numbers), len(d.live))
	}
	bytes := 0
	for _, text := range d.texts {
		bytes += len(text)
	}
	if bytes > 100_000 {
		t.Errorf("%d bytes of texts: the dead are never cleared away", bytes)
	}
}

func TestAnOldViewFindsItsNamesAfterTheyWereRemovedAndTheirNumbersGivenAway(t *testing.T) {
	d := newDictionary()
	for i := range 100 {
		d.add("a", strconv.Itoa(i))
	}
	old := d.names
	for i := range 100 {
		number, _ := d.lookup("a", strconv.Itoa(i))
		d.remove(number)
	}
	for i := range 1000 {
		d.add("b", strconv.Itoa(i))
	}
	if err := d.check("names"); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if number, found := old.find("a", strconv.Itoa(i)); !found || int(number) != i {
			t.Fatalf("the old view finds %d %t for %d", number, found, i)
		}
		if _, found := d.lookup("a", strconv.Itoa(i)); found {
			t.Fatalf("%d is still there", i)
		}
	}
}

func TestNamesOfAnyLengthAreToldApart(t *testing.T) {
	d := newDictionary()
	var names [][2]string
	for _, a := range []string{"", "a", strings.Repeat("a", 127), strings.Repeat("a", 128), strings.Repeat("a", 70_000)} {
		for _, b := range []string{"", "a", "b", strings.Repeat("b", 127), strings.Repeat("b", 300), strings.Repeat("b", 1<<17)} {
			names = append(names, [2]string{a, b})
		}
	}
	for want, name := range names {
		if number, isNew := d.add(name[0], name[1]); !isNew || int(number) != want {
			t.Fatalf("name %d has number %d, new: %t", want, number, isNew)
		}
	}
	for want, name := range names {
		if number, found := d.lookup(name[0], name[1]); !found || int(number) != want {
			t.Fatalf("name %d is found as %d %t", want, number, found)
		}
	}
	if err := d.check("names"); err != nil {
		t.Fatal(err)
	}
}

func TestNamesWithTheSameHashAreToldApart(t *testing.T) {
	d := newDictionary()
	byHash := map[uint32]string{}
	for i := range 1_000_000 { // by the birthday paradox, 80,000 are enough
		name := strconv.Itoa(i)
		other, found := byHash[d.table.hash("", name)]
		if !found {
			byHash[d.table.hash("", name)] = name
			continue
		}
		first, _ := d.add("", other)
		if number, found := d.lookup("", name); found {
			t.Fatalf("%q is found as %d before it is there", name, number)
		}
		second, isNew := d.add("", name)
		got, found := d.lookup("", other)
		if !isNew || second == first || !found || got != first {
			t.Fatalf("%q has number %d, %q has %d, found as %d", other, first, name, second, got)
		}
		return
	}
	t.Fatal("no two names have the same hash")
}

func TestAReservedTableIsNotRebuilt(t *testing.T) {
	d := newDictionary()
	d.reserve(1000)
	table := d.table
	for i := range 1000 {
		d.add("", fmt.Sprint(i))
	}
	if d.table != table {
		t.Error("the table was rebuilt")
	}
}
