package conformance_test

import (
	"crypto/tls"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/apitest/conformance"
)

var (
	record   = flag.String("record", "", "write the server's transcripts into this folder instead of comparing them")
	server   = flag.String("server", "", "the URL of a server to test instead of apitest; its certificate is not verified")
	token    = flag.String("token", "", "the bearer token for -server")
	scenario = flag.String("scenario", "", "record only this one")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheServerAnswersAsARealOne(t *testing.T) {
	target := conformance.Target{URL: *server, Token: *token}
	if *server != "" {
		target.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	} else {
		srv := apitest.New(apitest.Options{}).Start(t)
		target.URL, target.Client = srv.URL(), srv.HTTPClient()
	}
	defer target.Client.CloseIdleConnections()
	if *record == "" {
		conformance.Test(t, target)
		return
	}
	for _, s := range conformance.Scenarios() {
		if *scenario != "" && s.Name != *scenario {
			continue
		}
		transcript, err := conformance.Record(t.Context(), target, s)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*record, s.Name+".txt"), []byte(transcript), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
