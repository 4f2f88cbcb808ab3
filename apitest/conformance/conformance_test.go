package conformance_test

import (
	"crypto/tls"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/apitest/conformance"
)

var (
	record   = flag.String("record", "", "write the transcripts of the server into this `folder` instead of comparing them")
	server   = flag.String("server", "", "the `URL` of a server to test instead of apitest; its certificate is not verified")
	token    = flag.String("token", "", "the bearer token for -server")
	scenario = flag.String("scenario", "", "the `name` of the only scenario to run")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheServerAnswersAsARealOne(t *testing.T) {
	for _, s := range conformance.Scenarios() {
		if *scenario != "" && *scenario != s.Name {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			if *server != "" {
				client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
				defer client.CloseIdleConnections()
				run(t, conformance.Target{URL: *server, Token: *token, Client: client}, s)
				return
			}
			synctest.Test(t, func(t *testing.T) {
				srv := apitest.New(apitest.Options{InMemory: true}).Start(t)
				client := srv.HTTPClient()
				defer client.CloseIdleConnections()
				run(t, conformance.Target{URL: srv.URL(), Client: client}, s)
			})
		})
	}
}

func run(t *testing.T, target conformance.Target, s conformance.Scenario) {
	if *record == "" {
		if err := conformance.Check(t.Context(), target, s); err != nil {
			t.Error(err)
		}
		return
	}
	transcript, err := conformance.Record(t.Context(), target, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*record, s.Name+".txt"), []byte(transcript), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestADifferenceIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := apitest.New(apitest.Options{InMemory: true, CreateNamespaces: true}).Start(t)
		client := srv.HTTPClient()
		defer client.CloseIdleConnections()
		target := conformance.Target{URL: srv.URL(), Client: client}
		for _, s := range conformance.Scenarios() {
			if s.Name != "creation-is-checked" {
				continue
			}
			if err := conformance.Check(t.Context(), target, s); err == nil {
				t.Fatal("a server that makes missing namespaces passes for a real one")
			}
		}
	})
}
