package clients_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// The API server's certificate is replaced by one of another authority while a watch runs, and the client's file of authorities with it: the
// watch goes on over its connection, and new connections trust the new authority.
func TestTheAuthoritiesAreRotatedUnderARunningWatch(t *testing.T) {
	dir := t.TempDir()
	own := cluster.ForTest(t, cluster.Options{Dir: filepath.Join(dir, "cluster")})
	authorities := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(authorities, own.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := rest.NewClient(&rest.Config{
		Host:        own.URL,
		TLS:         rest.TLSConfig{CAFile: authorities, NextProtos: []string{"http/1.1"}}, // a connection of its own for each request beside the watch
		BearerToken: own.Token(cluster.Admin),
		Warnings:    rest.IgnoreWarnings,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	c := typed.For(client, corev1.ConfigMaps).Namespace(namespace(t, client))
	w, err := c.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	authority, cert, key := serving(t)
	certs := filepath.Join(dir, "cluster", "certs")
	if err := errors.Join(os.WriteFile(filepath.Join(certs, "apiserver.key"), key, 0o600), os.WriteFile(filepath.Join(certs, "apiserver.crt"), cert, 0o600)); err != nil {
		t.Fatal(err)
	}
	await(t, "the server's new certificate", func() bool { return presents(t, own.URL, authority) })
	client.CloseIdle()
	if _, err := c.Get(t.Context(), "a", metav1.GetOptions{}); err == nil || !strings.Contains(err.Error(), "not signed by anyone trusted (trusted: CA file "+authorities) {
		t.Fatalf("the client does not know the new authority yet, but got %v", err)
	}
	if err := os.WriteFile(authorities, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	create(t, c, configMap("a", "1"))
	sees(t, w, "a")
}

// serving mints an authority and a certificate of it for 127.0.0.1, in PEM.
func serving(t *testing.T) (authority, cert, key []byte) {
	t.Helper()
	now := time.Now()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "another authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	signed, err := x509.CreateCertificate(rand.Reader, ca, ca, private.Public(), private)
	issued, err2 := x509.CreateCertificate(rand.Reader, leaf, ca, private.Public(), private)
	der, err3 := x509.MarshalECPrivateKey(private)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	text := func(kind string, data []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}) }
	return text("CERTIFICATE", signed), text("CERTIFICATE", issued), text("EC PRIVATE KEY", der)
}

// presents says whether the server's certificate is of the authority.
func presents(t *testing.T, url string, authority []byte) bool {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{RootCAs: pool})
	if err != nil {
		return false
	}
	return conn.Close() == nil
}
