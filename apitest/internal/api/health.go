package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

var healthPaths = []string{"/healthz", "/livez", "/readyz"}

// healthChecks are the checks that there are. All are well as long as anybody answers.
var healthChecks = []string{"ping", "log", "etcd"}

// isHealth says whether a path is a health check, or one named check of it.
func isHealth(path string) bool {
	for _, root := range healthPaths {
		if check, ok := strings.CutPrefix(path, root); ok {
			return check == "" || check[0] == '/' && slices.Contains(healthChecks, check[1:])
		}
	}
	return false
}

// health says that the server is well, of all checks together or of one, in detail if asked.
func (a *API) health(w http.ResponseWriter, r *http.Request) {
	root := r.URL.Path[1:]
	if strings.Contains(root, "/") || !r.URL.Query().Has("verbose") {
		a.sendText(w, "ok")
		return
	}
	var out strings.Builder
	for _, name := range healthChecks {
		how := "ok"
		if slices.Contains(r.URL.Query()["exclude"], name) {
			how = "excluded: ok"
		}
		fmt.Fprintf(&out, "[+]%s %s\n", name, how)
	}
	fmt.Fprintf(&out, "%s check passed\n", root)
	a.sendText(w, out.String())
}
