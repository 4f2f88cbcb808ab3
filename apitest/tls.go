package apitest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// credentials are a certificate authority of the server's own and what it has signed.
type credentials struct {
	ca     *x509.Certificate
	caKey  *ecdsa.PrivateKey
	caPEM  []byte
	pool   *x509.CertPool
	server tls.Certificate
}

// validity is how long certificates are valid around the present, which in fake time is the year 2000.
const validity = 20 * 365 * 24 * time.Hour

// mint makes an authority and the server's certificate.
func mint() *credentials {
	c := &credentials{pool: x509.NewCertPool()}
	template := certificate("apitest-ca", 1)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	c.caKey = newKey()
	der := sign(template, template, &c.caKey.PublicKey, c.caKey)
	var err error
	if c.ca, err = x509.ParseCertificate(der); err != nil {
		panic(fmt.Sprintf("apitest: parse the certificate just made: %v", err))
	}
	c.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	c.pool.AddCert(c.ca)
	serving := certificate("apitest", 2)
	serving.DNSNames = []string{"localhost", memoryHost, "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	serving.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	serving.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c.server = c.issue(serving)
	return c
}

func certificate(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-validity), NotAfter: time.Now().Add(validity),
	}
}

func (c *credentials) issue(template *x509.Certificate) tls.Certificate {
	key := newKey()
	return tls.Certificate{Certificate: [][]byte{sign(template, c.ca, &key.PublicKey, c.caKey)}, PrivateKey: key}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("apitest: generate a key: %v", err)) // the system's randomness has failed
	}
	return key
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) []byte {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		panic(fmt.Sprintf("apitest: sign the certificate of %q: %v", template.Subject.CommonName, err))
	}
	return der
}

// CAData returns the certificate of the authority that signed the server's certificate, as PEM; nil without TLS.
func (s *Server) CAData() []byte {
	if s.secure == nil {
		return nil
	}
	return s.secure.caPEM
}
