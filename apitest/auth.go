package apitest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/api"
)

// Auth says who may use a server. The zero value lets everybody do everything.
type Auth struct {
	// Tokens are the users by bearer token. If it is not nil, a request must have one of them, or the token of a service account that the
	// server has issued, or is answered 401.
	Tokens map[string]User
	// Certificates accepts client certificates signed by the server, as ClientCertificate makes them; it needs Options.TLS. A request without
	// certificate or token is answered 401.
	Certificates bool
	// Allow decides what users may do; what it refuses is answered 403. It is called concurrently and must not call the server.
	// Default: everything is allowed.
	Allow func(Attributes) bool
}

// User is who sends a request.
type User struct {
	Name   string
	UID    string
	Groups []string
}

// Attributes are what a request wants to do.
type Attributes struct {
	User User
	// Verb is that of a resource, or the HTTP method in lower case for paths that name no resource.
	Verb        string
	Resource    schema.GroupVersionResource
	Namespace   string
	Name        string
	Subresource string
	Path        string
}

// internal returns the settings for the HTTP face.
func (a Auth) internal() api.Auth {
	out := api.Auth{Certificates: a.Certificates}
	if a.Tokens != nil {
		out.Users = map[string]api.User{}
		for token, user := range a.Tokens {
			out.Users[token] = api.User(user)
		}
	}
	if a.Allow != nil {
		out.Allow = func(in api.Attributes) bool {
			return a.Allow(Attributes{
				User: User(in.User), Verb: in.Verb, Resource: in.Resource, Namespace: in.Namespace, Name: in.Name, Subresource: in.Subresource, Path: in.Path,
			})
		}
	}
	return out
}

// ClientCertificate makes a certificate by which a client is the user, and its key, as PEM. It panics without Options.TLS.
func (s *Server) ClientCertificate(user string, groups ...string) (certificatePEM, keyPEM []byte) {
	if s.secure == nil {
		panic("apitest: client certificates need Options.TLS")
	}
	template := certificate(user, time.Now().UnixNano())
	template.Subject.Organization = groups
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	issued := s.secure.issue(template)
	key, err := x509.MarshalECPrivateKey(issued.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		panic(fmt.Sprintf("apitest: encode the key just made: %v", err))
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key})
}
