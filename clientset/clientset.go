package clientset

import (
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/rest"
)

// Clientset gives access to all built-in resources of one server. It is immutable and safe for concurrent use; it owns no goroutine,
// only the idle connections of its REST client.
type Clientset struct{ server *rest.Client }

// NewForConfig returns the clients of the server that the configuration names. It checks the configuration, files included, and opens
// no connection.
func NewForConfig(config *rest.Config) (*Clientset, error) {
	server, err := rest.NewClient(config)
	if err != nil {
		return nil, err
	}
	return New(server), nil
}

// NewForConfigAndClient is NewForConfig over an HTTP client of the caller's, to which TLS, credentials and dialling are left: see
// rest.NewClientForHTTP.
func NewForConfigAndClient(config *rest.Config, h *http.Client) (*Clientset, error) {
	server, err := rest.NewClientForHTTP(config, h)
	if err != nil {
		return nil, err
	}
	return New(server), nil
}

// New returns the clients of a server, over the connections and the rate limiter of the given client.
func New(server *rest.Client) *Clientset { return &Clientset{server} }

// RESTClient returns the client that all others are made from; its requests start at the root of the server.
func (c *Clientset) RESTClient() *rest.Client { return c.server }

// groupVersion is what the clients of one group and version share.
type groupVersion struct {
	server *rest.Client
	gv     schema.GroupVersion
}

func (c *Clientset) groupVersion(group, version string) groupVersion {
	return groupVersion{c.server, schema.GroupVersion{Group: group, Version: version}}
}

// RESTClient returns a client whose requests start at the group and version.
func (g groupVersion) RESTClient() *rest.Client { return g.server.For(g.gv) }
