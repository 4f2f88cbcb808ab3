package cluster

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

// A User is an account at the API server.
type User struct {
	Name   string
	Groups []string
}

// Users that every cluster knows.
var (
	// Admin may do everything.
	Admin = User{Name: "admin", Groups: []string{"system:masters"}}

	// Guest is authenticated and may do nothing but discovery, unless a test
	// binds a role to the user "guest".
	Guest = User{Name: "guest"}
)

// authority is what the cluster's credentials are made from. It is minted anew
// for each cluster and its fields never change.
type authority struct {
	secret []byte // of the tokens
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
}

func newAuthority() (*authority, error) {
	a := &authority{secret: make([]byte, 16)}
	if _, err := rand.Read(a.secret); err != nil {
		return nil, err
	}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	template := certificateTemplate(pkix.Name{CommonName: "e2e clients"}, 10*365*24*time.Hour)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	a.cert, err = x509.ParseCertificate(der)
	return a, err
}

func certificateTemplate(subject pkix.Name, validFor time.Duration) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      subject,
		NotBefore:    now.Add(-time.Minute), // of a clock a little behind
		NotAfter:     now.Add(validFor),
	}
}

// write puts the files that the API server reads into place.
func (a *authority) write(f files, users []User) error {
	serviceAccounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key, err := encodeKey(serviceAccounts)
	if err != nil {
		return err
	}
	tokens, err := a.tokenFile(users)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(f.serviceAccountKey(), key, 0o600),
		os.WriteFile(f.clientCA(), encodeCertificate(a.cert.Raw), 0o644),
		os.WriteFile(f.tokens(), tokens, 0o600),
	)
}

// tokenFile is the table of a --token-auth-file: token,user,uid,"group,group".
func (a *authority) tokenFile(users []User) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, u := range append([]User{Admin, Guest}, users...) {
		record := []string{a.token(u), u.Name, "uid-" + u.Name, strings.Join(u.Groups, ",")}
		if err := w.Write(record); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func (a *authority) token(u User) string {
	sum := sha256.Sum256(append(a.secret[:len(a.secret):len(a.secret)], u.Name...))
	return hex.EncodeToString(sum[:])
}

// Token is the user's bearer token. It is valid for Admin, for Guest and for
// Options.Users; the server answers 401 to any other.
func (c *Cluster) Token(u User) string { return c.authority.token(u) }

// ClientCertificate mints a certificate, in PEM, with which a client is the
// user; any user, not only those of Options.Users. It is valid from now for the
// time given.
func (c *Cluster) ClientCertificate(u User, validFor time.Duration) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := certificateTemplate(pkix.Name{CommonName: u.Name, Organization: u.Groups}, validFor)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	a := c.authority
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	if key, err = encodeKey(private); err != nil {
		return nil, nil, err
	}
	return encodeCertificate(der), key, nil
}

// Kubeconfig is a kubeconfig file with one context, named as the user, that
// reaches server (the cluster's URL or that of a proxy before it) with the
// user's token and verifies its certificate.
func (c *Cluster) Kubeconfig(server string, u User) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: %[1]q
clusters:
- name: e2e
  cluster:
    server: %[2]q
    certificate-authority-data: %[3]s
users:
- name: %[1]q
  user:
    token: %[4]q
contexts:
- name: %[1]q
  context:
    cluster: e2e
    user: %[1]q
    namespace: default
`, u.Name, server, base64.StdEncoding.EncodeToString(c.CA), c.Token(u))
}

// serverCA returns the authority in the file of certificates that the API
// server signed for itself: its own, then the authority's.
func serverCA(file string) ([]byte, error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("%s holds no certificate authority", file)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if cert.IsCA {
			return encodeCertificate(cert.Raw), nil
		}
	}
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	// Not PKCS #8, which the API server does not read service account keys from.
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}
