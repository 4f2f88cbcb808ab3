package store

import (
	"testing"

	"k8s.io/apimachinery/pkg/labels"
)

// A reader that never gets to its end holds up neither the writer nor who adds an index: a lock that they wait for would block this test for ever.
func TestAReaderInTheMiddleOfItsWorkHoldsUpNobody(t *testing.T) {
	for _, compact := range []bool{false, true} {
		w, r := New(Options{Indexers: nodes("node"), Compact: compact})
		w.Apply([]Change{*onNode("one", "n1"), *onNode("two", "n1")}, "1")
		seen := 0
		for o := range r.All() {
			if seen++; seen == 1 {
				w.Apply([]Change{*onNode("one", "n2"), *onNode("two", "n2"), *onNode("three", "n2")}, "2")
				w.Replace([]Change{*onNode("one", "n3")}, "3")
				if err := r.AddIndexers(nodes("again")); err != nil {
					t.Fatal(err)
				}
				if n := len(r.List(labels.Everything(), "")); n != 1 {
					t.Errorf("another reader sees %d objects", n)
				}
			}
			if node := o.GetAnnotations()["node"]; node != "n1" {
				t.Errorf("the reader sees an object on %s", node)
			}
		}
		if seen != 2 || r.ResourceVersion() != "3" {
			t.Errorf("the reader saw %d objects, the store is at %s", seen, r.ResourceVersion())
		}
		mustCheck(t, w)
	}
}
