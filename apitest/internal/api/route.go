package api

import (
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Route is what a request's method and path mean. Verb is empty for paths that name no resource.
type Route struct {
	Verb        string // get, list, watch, create, update, patch, delete, deletecollection, unknown
	Resource    schema.GroupVersionResource
	Namespace   string
	Name        string
	Subresource string
	watchPath   bool // the old form /api/v1/watch/…
	nameless    bool // the path has a place for a name, and nothing there
}

// ParseRoute reads a request's method and path.
func ParseRoute(r *http.Request) (Route, bool) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if len(parts) > 1 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1] // one slash at the end is tolerated
	}
	var route Route
	switch {
	case parts[0] == "api" && len(parts) > 2:
		route.Resource.Version, parts = parts[1], parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		route.Resource.Group, route.Resource.Version, parts = parts[1], parts[2], parts[3:]
	default:
		return Route{}, false
	}
	if parts[0] == "watch" && len(parts) > 1 {
		route.watchPath, parts = true, parts[1:]
	}
	if parts[0] == "namespaces" && len(parts) > 2 && (len(parts) > 3 || parts[2] != "status" && parts[2] != "finalize") {
		route.Namespace, parts = parts[1], parts[2:] // an empty namespace means all
	}
	route.Resource.Resource = parts[0]
	if len(parts) > 1 {
		route.Name = parts[1]
		route.nameless = parts[1] == ""
	}
	if len(parts) > 2 {
		route.Subresource = strings.Join(parts[2:], "/")
	}
	route.Verb = verbOf(r, route)
	return route, true
}

func verbOf(r *http.Request, route Route) string {
	switch r.Method {
	case http.MethodGet:
		switch {
		case route.watchPath, route.Name == "" && isTrue(r.URL.Query()["watch"]):
			return "watch"
		case route.Name == "":
			return "list"
		}
		return "get"
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if route.Name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	return unknownVerb
}

// unknownVerb stands for methods that no resource has.
const unknownVerb = "unknown"

// isTrue reads a boolean parameter as the API does: present and neither "false" nor "0".
func isTrue(values []string) bool {
	return len(values) > 0 && values[0] != "false" && values[0] != "0"
}
