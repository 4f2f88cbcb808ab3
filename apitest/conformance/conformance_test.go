package conformance_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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
	etcd     = flag.String("etcd", "", "the `URL` of the server's etcd, to compact it")
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
				if target := (conformance.Target{URL: *server, Token: *token, Client: client, Compact: compactEtcd}); !s.Compacts || *etcd != "" {
					run(t, target, s)
				}
				return
			}
			synctest.Test(t, func(t *testing.T) {
				srv := apitest.New(apitest.Options{InMemory: true}).Start(t)
				client := srv.HTTPClient()
				defer client.CloseIdleConnections()
				compact := func(context.Context) error { srv.Compact(); return nil }
				run(t, conformance.Target{URL: srv.URL(), Client: client, Compact: compact}, s)
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

// compactEtcd compacts the etcd of a real server, up to a write that none of its clients sees.
func compactEtcd(ctx context.Context) error {
	var answer struct{ Header struct{ Revision string } }
	for _, step := range [][2]string{{"put", `{"key":"L2NvbmZvcm1hbmNl","value":""}`}, {"compaction", `{"revision":"%s","physical":true}`}} {
		body := step[1]
		if strings.Contains(body, "%s") {
			body = fmt.Sprintf(body, answer.Header.Revision)
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, *etcd+"/v3/kv/"+step[0], strings.NewReader(body))
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		err = json.NewDecoder(resp.Body).Decode(&answer)
		_ = resp.Body.Close()
		if err != nil {
			return err
		}
	}
	http.DefaultClient.CloseIdleConnections()
	return nil
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
