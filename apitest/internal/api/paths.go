package api

import (
	"encoding/json"
	"net/http"
	"runtime"
	"slices"
	"strings"

	apiversion "k8s.io/apimachinery/pkg/version"

	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
)

// servePath serves what is not a resource.
func (a *API) servePath(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		a.SendError(w, r, errMethod)
	case path == "":
		a.sendJSON(w, r, map[string]any{"paths": a.paths()})
	case isHealth(path):
		a.sendText(w, "ok")
	case path == "/version":
		a.sendJSON(w, r, a.version())
	case path == "/openapi/v2" || path == "/openapi/v3" || strings.HasPrefix(path, "/openapi/v3/"):
		a.serveOpenAPI(w, r, path)
	case path == "/api" || path == "/apis":
		a.discovery(w, r, path)
	case strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/apis/"):
		a.groupDiscovery(w, r, strings.Split(path[1:], "/"))
	default:
		noPath(w)
	}
}

var healthPaths = []string{"/healthz", "/livez", "/readyz"}

// isHealth says whether a path is a health check, or one named check of it.
func isHealth(path string) bool {
	root := path
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		root = path[:i+1]
	}
	return slices.Contains(healthPaths, root)
}

// paths lists what there is, as the root of the server does.
func (a *API) paths() []string {
	paths := append([]string{"/api", "/apis", "/openapi/v2", "/openapi/v3", "/version"}, healthPaths...)
	for _, group := range a.groups() {
		for _, version := range group.versions {
			if group.name == "" {
				paths = append(paths, "/api/"+version)
			} else {
				paths = append(paths, "/apis/"+group.name+"/"+version)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

func (a *API) version() apiversion.Info {
	text := a.options.Version
	parts := strings.SplitN(strings.TrimPrefix(text, "v"), ".", 3)
	for len(parts) < 2 {
		parts = append(parts, "")
	}
	return apiversion.Info{
		Major: parts[0], Minor: parts[1], GitVersion: text, GitCommit: "unknown", GitTreeState: "clean", BuildDate: "1970-01-01T00:00:00Z",
		GoVersion: runtime.Version(), Compiler: runtime.Compiler, Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
}

func (a *API) sendText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(text))
}

// sendJSON answers with a value as JSON.
func (a *API) sendJSON(w http.ResponseWriter, r *http.Request, value any) {
	a.sendJSONAs(w, r, wire.MediaJSON, value)
}

func (a *API) sendJSONAs(w http.ResponseWriter, r *http.Request, mediaType string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		a.SendError(w, r, err)
		return
	}
	var b body
	b.add(data, newline)
	a.send(w, r, http.StatusOK, mediaType, &b)
}
