package openapi

import "k8s.io/apimachinery/pkg/runtime/schema"

// ReadAgain reads the merge rules of a group version, for its cost.
func ReadAgain(gv schema.GroupVersion) { readTypes(gv) }
