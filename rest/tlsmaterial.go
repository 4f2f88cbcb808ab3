package rest

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
)

// tlsMaterial is the content of the files and data of a TLSConfig.
type tlsMaterial struct {
	ca, cert, key []byte
}

// reads says whether the configuration names files, which may change.
func (t *TLSConfig) reads() bool {
	return t.CAFile != "" && len(t.CAData) == 0 || t.CertFile != "" && len(t.CertData) == 0 || t.KeyFile != "" && len(t.KeyData) == 0
}

// load reads the files.
func (t *TLSConfig) load() (m tlsMaterial, err error) {
	if m.ca, err = dataOrFile(t.CAData, t.CAFile, "CA"); err != nil {
		return m, err
	}
	if m.cert, err = dataOrFile(t.CertData, t.CertFile, "client certificate"); err != nil {
		return m, err
	}
	m.key, err = dataOrFile(t.KeyData, t.KeyFile, "client key")
	return m, err
}

func dataOrFile(data []byte, path, what string) ([]byte, error) {
	if len(data) > 0 || path == "" {
		return data, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s file: %w", what, err)
	}
	return data, nil
}

// sum identifies the material.
func (m tlsMaterial) sum() [sha256.Size]byte {
	parts := slices.Concat(sumOf(m.ca), sumOf(m.cert), sumOf(m.key))
	return sha256.Sum256(parts)
}

func sumOf(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// tls builds the configuration of connections.
func (t *TLSConfig) tls(m tlsMaterial) (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.Insecure}
	if len(m.ca) > 0 {
		pool, err := certPool(m.ca, t.name(t.CAData, t.CAFile, "CA"))
		if err != nil {
			return nil, err
		}
		out.RootCAs = pool
	}
	if len(m.cert) > 0 {
		pair, err := tls.X509KeyPair(m.cert, m.key)
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w",
				t.name(t.CertData, t.CertFile, "client certificate"), t.name(t.KeyData, t.KeyFile, "client key"), err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

// name says where a piece of the material comes from.
func (t *TLSConfig) name(data []byte, path, what string) string {
	if len(data) > 0 || path == "" {
		return what + " data"
	}
	return what + " file " + path
}

func certPool(data []byte, name string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no PEM certificate", name)
	}
	return pool, nil
}

func readCertPool(path string) (*x509.CertPool, error) {
	data, err := dataOrFile(nil, path, "CA")
	if err != nil {
		return nil, err
	}
	return certPool(data, "CA file "+path)
}
