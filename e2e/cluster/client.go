package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client returns an HTTP client that verifies the server's certificate and
// sends the user's token. It speaks HTTP/2. One client serves all calls for the
// same user; Stop closes its idle connections.
func (c *Cluster) Client(u User) *http.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.clients[u.Name]; client != nil {
		return client
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.CA)
	client := &http.Client{Transport: &authenticated{
		token: c.Token(u),
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots},
			ForceAttemptHTTP2: true,
		},
	}}
	c.clients[u.Name] = client
	return client
}

// authenticated is a transport that adds a token to each request.
type authenticated struct {
	token string
	*http.Transport
}

func (t *authenticated) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+t.token)
	return t.Transport.RoundTrip(r)
}

func (c *Cluster) closeClients() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.clients {
		client.CloseIdleConnections()
	}
	c.etcdClient.CloseIdleConnections()
}

// An Answer is what the API server said to one request.
type Answer struct {
	Code int // the HTTP status code
	Body []byte
}

// Into decodes the answer's JSON, or returns an error that shows the answer when
// its code is not of success.
func (a Answer) Into(v any) error {
	if a.Code < 200 || a.Code > 299 {
		return fmt.Errorf("answer %d: %s", a.Code, a.Body)
	}
	return json.Unmarshal(a.Body, v)
}

// Do sends one request as Admin and reads the whole answer; target is a path
// with its query. A body is JSON, except that of PATCH, which is a JSON merge
// patch; empty: none. It arranges and inspects the server's state without the
// library under test.
func (c *Cluster) Do(ctx context.Context, method, target, body string) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.URL+target, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	switch {
	case method == http.MethodPatch:
		r.Header.Set("Content-Type", "application/merge-patch+json")
	case body != "":
		r.Header.Set("Content-Type", "application/json")
	}
	return send(c.Client(Admin), r)
}

func send(client *http.Client, r *http.Request) (Answer, error) {
	resp, err := client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", r.Method, r.URL, err)
	}
	return Answer{resp.StatusCode, b}, nil
}

// ready succeeds when the server is ready and has made its first namespaces,
// which it does in the background.
func (c *Cluster) ready(ctx context.Context) error {
	// It signs its certificate before it listens. Until then, whoever answers
	// on its port is somebody else.
	ca, err := serverCA(c.files.serverCert())
	if err != nil {
		return err
	}
	if c.CA == nil {
		c.CA = ca
	}
	for _, target := range []string{"/readyz", "/api/v1/namespaces/default"} {
		a, err := c.Do(ctx, http.MethodGet, target, "")
		if err != nil {
			return err
		}
		if a.Code != http.StatusOK {
			return fmt.Errorf("GET %s: %d: %s", target, a.Code, a.Body)
		}
	}
	return nil
}

// KubeVersion is the version that the API server calls itself, such as v1.36.3.
func (c *Cluster) KubeVersion(ctx context.Context) (string, error) {
	a, err := c.Do(ctx, http.MethodGet, "/version", "")
	if err != nil {
		return "", err
	}
	var v struct{ GitVersion string }
	if err := a.Into(&v); err != nil {
		return "", err
	}
	if v.GitVersion == "" {
		return "", errors.New("the server states no version")
	}
	return v.GitVersion, nil
}
