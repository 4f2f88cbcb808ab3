package conformance_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

// definitions returns the models that a server's OpenAPI v2 document defines.
func definitions(t *testing.T, url string, client *http.Client) map[string]map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/openapi/v2", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var doc struct{ Definitions map[string]map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil || resp.StatusCode != http.StatusOK || len(doc.Definitions) == 0 {
		t.Fatal(resp.Status, len(doc.Definitions), err)
	}
	return doc.Definitions
}

// TestTheOldDocumentDefinesWhatTheRealOneDefines compares what the server in the test's process derives from its documents of OpenAPI v3
// with the document that a real server serves. What models serve as is left out: it depends on which groups a server knows.
func TestTheOldDocumentDefinesWhatTheRealOneDefines(t *testing.T) {
	srv := apitest.New(apitest.Options{}).Start(t)
	local := srv.HTTPClient()
	defer local.CloseIdleConnections()
	got := definitions(t, srv.URL(), local)
	want := definitions(t, server.URL, server.Client(cluster.Admin))
	for name, model := range want {
		if !strings.HasPrefix(name, "io.k8s.") {
			continue // a custom resource that another test has left behind
		}
		mine := maps.Clone(got[name])
		for _, side := range []map[string]any{mine, model} {
			delete(side, "x-kubernetes-group-version-kind")
		}
		if !reflect.DeepEqual(mine, model) {
			t.Errorf("%s: %v, want %v", name, mine, model)
		}
	}
}
