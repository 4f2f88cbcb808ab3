package cluster_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/e2e/proxy"
)

const whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

func TestAGuestMayDiscoverButNotRead(t *testing.T) {
	guest := server.Client(cluster.Guest)
	if code, o := get(t, guest, server.URL+"/apis"); code != http.StatusOK {
		t.Errorf("discovery answers %d %+v", code, o)
	}
	if code, o := get(t, guest, server.URL+configMaps); code != http.StatusForbidden || o.Reason != "Forbidden" {
		t.Errorf("a list answers %d %+v; want 403", code, o)
	}
}

func TestAnUnknownTokenIsRefused(t *testing.T) {
	stranger := server.Client(cluster.User{Name: "stranger", Groups: []string{"system:masters"}})
	if code, o := get(t, stranger, server.URL+"/apis"); code != http.StatusUnauthorized {
		t.Errorf("got %d %+v; want 401", code, o)
	}
}

func TestAClientCertificateIsItsUser(t *testing.T) {
	cert, key, err := server.ClientCertificate(cluster.User{Name: "jane", Groups: []string{"system:masters"}}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Post(server.URL+whoAmI, "application/json",
		strings.NewReader(`{"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}`))
	if err != nil {
		t.Fatal(err)
	}
	var review struct {
		Status struct{ UserInfo struct{ Username string } }
	}
	if err := decode(resp, &review); err != nil {
		t.Fatal(err)
	}
	if got := review.Status.UserInfo.Username; got != "jane" {
		t.Errorf("the server takes the certificate for %q", got)
	}
}

func TestTheServerIsNotTrustedWithoutItsAuthority(t *testing.T) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	_, err := (&http.Client{Transport: transport}).Get(server.URL + "/readyz")
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("got %v; want an unknown authority", err)
	}
}

func TestTheServersCertificateHoldsThroughAProxy(t *testing.T) {
	p, err := proxy.Start(strings.TrimPrefix(server.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if code, o := get(t, server.Client(cluster.Admin), "https://"+p.Address()+configMaps); code != http.StatusOK {
		t.Errorf("got %d %+v", code, o)
	}
	if s := p.Stats(); s.Accepted != 1 || s.BytesToClient == 0 {
		t.Errorf("the request did not pass the proxy: %+v", s)
	}
}

func TestAKubeconfigNamesTheServerTheUserAndTheAuthority(t *testing.T) {
	file := string(server.Kubeconfig("https://127.0.0.1:1234", cluster.Guest))
	for _, want := range []string{
		`current-context: "guest"`,
		`server: "https://127.0.0.1:1234"`,
		`token: "` + server.Token(cluster.Guest) + `"`,
		"certificate-authority-data: " + base64.StdEncoding.EncodeToString(server.CA),
	} {
		if !strings.Contains(file, want) {
			t.Errorf("no %s in\n%s", want, file)
		}
	}
}
