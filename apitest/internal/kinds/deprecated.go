package kinds

import (
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/resource"
)

// deprecation says since which minor version of Kubernetes a kind should not be used any more.
type deprecation struct {
	minor   int
	warning string
}

// deprecatedCore are the two of the core group, which stays.
var deprecatedCore = map[string]deprecation{
	"Endpoints":       {33, "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"},
	"ComponentStatus": {19, "v1 ComponentStatus is deprecated in v1.19+"},
}

// deprecationOf asks the Go type of a kind, which knows its own life.
func deprecationOf(def *resource.Definition) deprecation {
	if def.GroupVersionResource().GroupVersion() == (schema.GroupVersion{Version: "v1"}) {
		return deprecatedCore[def.GroupVersionKind().Kind]
	}
	none := reflect.Zero(reflect.PointerTo(def.GoType())).Interface()
	since, ok := none.(interface{ APILifecycleDeprecated() (int, int) })
	if !ok {
		return deprecation{}
	}
	gv, kind := def.GroupVersionKind().ToAPIVersionAndKind()
	_, minor := since.APILifecycleDeprecated()
	text := fmt.Sprintf("%s %s is deprecated in v1.%d+", gv, kind, minor)
	if until, ok := none.(interface{ APILifecycleRemoved() (int, int) }); ok {
		_, removed := until.APILifecycleRemoved()
		text += fmt.Sprintf(", unavailable in v1.%d+", removed)
	}
	if instead, ok := none.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}); ok {
		gv, kind := instead.APILifecycleReplacement().ToAPIVersionAndKind()
		text += fmt.Sprintf("; use %s %s", gv, kind)
	}
	return deprecation{minor, text}
}

// Deprecated returns what a server of the minor version says to who uses the kind, "" if nothing.
func (k *Kind) Deprecated(minor int) string {
	if k.deprecation.minor > minor {
		return ""
	}
	return k.deprecation.warning
}
