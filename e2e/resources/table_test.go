// Package resources_test compares the library's table of built-in resources with what a real API server says it serves.
package resources_test

import (
	"io"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/internal/builtin/served"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

var server *cluster.Cluster

func TestMain(m *testing.M) {
	everything := cluster.Options{AllAPIs: true, APIServerFlags: []string{"--feature-gates=AllAlpha=true,AllBeta=true"}}
	os.Exit(cluster.Main(m, everything, &server, func() error { return goleak.Find() }))
}

// discovery reads one of the two aggregated discovery documents.
func discovery(t *testing.T, path string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
	answer, err := server.Client(cluster.Admin).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestTheTableIsWhatTheServerServes(t *testing.T) {
	groups, err := served.Parse(discovery(t, "/api"), discovery(t, "/apis"))
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range served.Compare(builtin.Definitions(), served.Release{Major: 1, Minor: 36}, groups) {
		t.Error(difference)
	}
}
