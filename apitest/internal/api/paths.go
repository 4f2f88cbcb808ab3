package api

import (
	"encoding/json"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"

	apiversion "k8s.io/apimachinery/pkg/version"

	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
)

// servePath serves what is not a resource.
func (a *API) servePath(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch {
	case r.Method != http.MethodGet && (path == "/version" || path == "/api"): // others do not look at it
		a.SendError(w, r, errMethod)
	case path == "":
		a.sendJSON(w, r, map[string]any{"paths": a.paths()})
	case isHealth(r.URL.Path):
		a.health(w, r)
	case path == "/version":
		a.sendReadable(w, r, a.version())
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
	oldest := ""
	if minor := a.minor(); minor > 0 {
		oldest = strconv.Itoa(minor - 1)
	}
	return apiversion.Info{
		Major: parts[0], Minor: parts[1], EmulationMajor: parts[0], EmulationMinor: parts[1], MinCompatibilityMajor: parts[0], MinCompatibilityMinor: oldest,
		GitVersion: text, GitCommit: "unknown", GitTreeState: "clean", BuildDate: "1970-01-01T00:00:00Z",
		GoVersion: runtime.Version(), Compiler: runtime.Compiler, Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
}

// minor is the number in the middle of the version, 0 if there is none.
func (a *API) minor() int {
	parts := strings.SplitN(a.options.Version, ".", 3)
	if len(parts) < 2 {
		return 0
	}
	minor, _ := strconv.Atoi(parts[1]) // what is no number says nothing
	return minor
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
	if wantsPretty(r) {
		a.sendReadableAs(w, r, mediaType, value)
		return
	}
	data, err := json.Marshal(value)
	if err != nil {
		a.SendError(w, r, err)
		return
	}
	var b body
	b.add(data, newline)
	a.send(w, r, http.StatusOK, mediaType, &b)
}

// sendReadable answers with a value as JSON that people can read.
func (a *API) sendReadable(w http.ResponseWriter, r *http.Request, value any) {
	a.sendReadableAs(w, r, wire.MediaJSON, value)
}

func (a *API) sendReadableAs(w http.ResponseWriter, r *http.Request, mediaType string, value any) {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		a.SendError(w, r, err)
		return
	}
	var b body
	b.add(data)
	a.send(w, r, http.StatusOK, mediaType, &b)
}
