package house

import (
	"path"
	"slices"
	"strings"
)

const module = "github.com/sheaf-dev/sheaf"

// folder is one line of the plan. What lies below a folder belongs to it, unless it has a line of its own.
type folder struct {
	path  string // of the module; * stands for one element
	stage int    // on the data's way, or beside
	// types says that the folder may know Go types of API groups: who imports it links them.
	types bool
	// imports are the folders that a folder beside the way may import; nil: any but examples. On the way, all earlier lines may be
	// imported.
	imports []string
}

const beside = -1

// plan is the house, in the order of the data's way.
var plan = []folder{
	{path: "resource", stage: 0},
	{path: "resource/*/*", stage: 0, types: true},
	{path: "resource/builtin", stage: 0, types: true},
	{path: "internal/decode", stage: 1},
	{path: "rest", stage: 2},
	{path: "clientcmd", stage: 2},
	{path: "cache/reflector", stage: 3},
	{path: "cache/delta", stage: 4},
	{path: "cache/store", stage: 5},
	{path: "cache/compact", stage: 5},
	{path: "cache", stage: 6},
	{path: "listers", stage: 7},
	{path: "informers", stage: 7},
	{path: "informers/groups", stage: 7, types: true},
	{path: "workqueue", stage: 8},
	{path: "leaderelection", stage: 9, types: true},
	{path: "leaderelection/shard", stage: 9, types: true},

	{path: "apply", stage: beside, imports: []string{"resource"}},
	{path: "rest/cbor", stage: beside, imports: []string{"rest"}},
	{path: "clientset/typed", stage: beside, imports: []string{"resource", "internal/decode", "rest", "apply"}},
	{path: "clientset/subresource", stage: beside, types: true, imports: []string{"resource", "resource/*/*", "rest", "clientset/typed"}},
	{path: "remote", stage: beside, types: true, imports: []string{"resource", "rest", "clientset/typed"}},
	{path: "clientset", stage: beside, types: true, imports: []string{"resource", "resource/*/*", "rest", "clientset/typed"}},
	{path: "patch", stage: beside, imports: []string{"resource"}},
	{path: "patch/strategic", stage: beside, imports: []string{"resource", "patch"}},
	{path: "retry", stage: beside, imports: []string{"resource", "clientset/typed"}},
	{path: "await", stage: beside, imports: []string{"resource", "rest", "cache/reflector", "clientset/typed"}},
	{path: "dynamic", stage: beside, imports: []string{"resource", "internal/decode", "rest", "apply", "clientset/typed", "discovery"}},
	{path: "discovery", stage: beside, imports: []string{"resource", "internal/decode", "rest", "cache/reflector"}},
	{path: "events", stage: beside, types: true, imports: []string{"resource", "resource/*/*", "rest", "clientset/typed", "workqueue"}},
	// Leader election knows one small group, of Leases.
	{path: "metrics", stage: beside, types: true, imports: []string{"resource", "rest", "cache", "cache/reflector", "cache/delta", "cache/store", "informers", "workqueue", "leaderelection"}},
	{path: "controller", stage: beside, imports: []string{"resource", "cache", "informers", "workqueue"}},
	// The server in a test's process must not share code with the caches that it tests.
	{path: "apitest", stage: beside, types: true, imports: []string{"resource", "resource/*/*", "resource/builtin", "internal/builtin", "internal/decode", "rest"}},
	{path: "examples", stage: beside, types: true},
	{path: "cmd", stage: beside, types: true},
	// A collection for tests of the stages.
	{path: "cache/internal/served", stage: beside, types: true, imports: []string{"resource", "resource/*/*", "internal/decode", "rest", "cache/reflector", "apitest"}},
	{path: "internal/builtin", stage: beside, imports: []string{}},
	{path: "internal/builtin/served", stage: beside, types: true, imports: []string{"resource", "internal/builtin"}},
	{path: "internal/gen", stage: beside, imports: []string{}},
	{path: "internal/house", stage: beside, imports: []string{}},
}

// place returns the index in the plan of the folder that a package belongs to: the longest path that fits; -1 if there is none.
func place(pkg string) int {
	best := -1
	for i, f := range plan {
		if fits(f.path, pkg) && (best < 0 || depth(f.path) > depth(plan[best].path)) {
			best = i
		}
	}
	return best
}

// fits says whether a package is the folder or lies below it.
func fits(pattern, pkg string) bool {
	elements := strings.Split(pkg, "/")
	if len(elements) < depth(pattern) {
		return false
	}
	matched, err := path.Match(pattern, strings.Join(elements[:depth(pattern)], "/"))
	return err == nil && matched
}

func depth(p string) int { return strings.Count(p, "/") + 1 }

// forbidden returns why a package may not import another one, given by their paths in the module; "" if it may.
func forbidden(from, to string) string {
	source, target := place(from), place(to)
	if source < 0 || target < 0 || source == target {
		return "" // a folder without a line is reported by itself
	}
	f, t := plan[source], plan[target]
	switch {
	case f.stage == beside && f.imports != nil && !slices.Contains(f.imports, t.path):
		return "the plan does not list it among the imports of " + f.path
	case f.stage == beside && t.path == "examples":
		return "nothing imports examples"
	case f.stage != beside && t.stage == beside:
		return "it is beside the data's way"
	case f.stage != beside && target > source:
		return "it is later on the data's way"
	case t.types && !f.types:
		return "every program that uses " + f.path + " would link the types of API groups"
	}
	return ""
}

// forbiddenModule returns why a package may not import one of another module; "" if it may.
func forbiddenModule(from, to string) string {
	if to == "k8s.io/client-go" || strings.HasPrefix(to, "k8s.io/client-go/") {
		return "this module does without it"
	}
	if i := place(from); i >= 0 && !plan[i].types && strings.HasPrefix(to, "k8s.io/api/") {
		return "every program that uses " + plan[i].path + " would link the types of API groups"
	}
	return ""
}
