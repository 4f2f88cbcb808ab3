package resource_test

import (
	"slices"
	"testing"

	"github.com/sheaf-dev/sheaf/resource"
)

func TestVerbsAreReadBackFromTheirNames(t *testing.T) {
	for set := range resource.AllVerbs + 1 {
		if got := resource.ParseVerbs(set.Names()...); got != set {
			t.Errorf("ParseVerbs(%q) = %v, want %v", set.Names(), got, set)
		}
	}
	want := []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
	if got := resource.AllVerbs.Names(); !slices.Equal(got, want) {
		t.Errorf("all verbs: %q, want %q", got, want)
	}
}

func TestASetHasVerbsOnlyIfItHasAllOfThem(t *testing.T) {
	set := resource.VerbGet | resource.VerbList
	if !set.Has(resource.VerbGet) || !set.Has(set) || !set.Has(0) {
		t.Errorf("%v lacks some of its own verbs", set)
	}
	if set.Has(resource.VerbGet|resource.VerbWatch) || set.Has(resource.VerbDelete) {
		t.Errorf("%v has verbs it was not given", set)
	}
}

func TestUnknownVerbsAreLeftOut(t *testing.T) {
	if got := resource.ParseVerbs("proxy", "get", "connect"); got != resource.VerbGet {
		t.Errorf("got %v, want get", got)
	}
}
