package resource

import "strings"

// Verbs is a set of the operations that a resource or subresource offers.
type Verbs uint16

// The verbs of the Kubernetes API (https://kubernetes.io/docs/reference/using-api/api-concepts/#api-verbs). Apply is not one
// of them: it is a patch.
const (
	VerbGet Verbs = 1 << iota
	VerbList
	VerbWatch
	VerbCreate
	VerbUpdate
	VerbPatch
	VerbDelete
	VerbDeleteCollection

	// AllVerbs is what most resources offer.
	AllVerbs = VerbGet | VerbList | VerbWatch | VerbCreate | VerbUpdate | VerbPatch | VerbDelete | VerbDeleteCollection
)

var verbNames = [...]string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}

// Has says whether all verbs of want are in the set.
func (v Verbs) Has(want Verbs) bool { return v&want == want }

// Names returns the verbs as discovery documents and RBAC rules spell them, in a fixed order.
func (v Verbs) Names() []string {
	var names []string
	for i, name := range verbNames {
		if v&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String joins the names with commas.
func (v Verbs) String() string { return strings.Join(v.Names(), ",") }

// ParseVerbs returns the set of the named verbs. Names that are no verb of this package (such as "proxy") are left out.
func ParseVerbs(names ...string) Verbs {
	var set Verbs
	for _, name := range names {
		for i, known := range verbNames {
			if name == known {
				set |= 1 << i
			}
		}
	}
	return set
}
