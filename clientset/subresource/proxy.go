package subresource

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
)

// Proxy returns a transport to the HTTP server of a pod, service or node, through the API server. The name is the object's, for pods and
// services with a port and a scheme if wished: "cart-0", "cart-0:8080", "https:cart-0:8443", "shop:http" (a named port of a service).
//
//	shop := http.Client{Transport: transport}
//	answer, err := shop.Get("http://shop/healthz")
//
// Of a request's URL path and query count; scheme and host are for the reader, and come back in redirects. Answers are as the server behind
// gives them, errors of the API server's included, which have the content type of the API and a Status as their body. A request with
// credentials of its own (Authorization) or with impersonation is an error: it would tell them to the API server instead. Links in
// pages are rewritten by the API server to paths of its own.
//
// The transport is safe for concurrent use and shares the connections of the client.
func Proxy[T resource.Object](c typed.Client[T], name string) (http.RoundTripper, error) {
	if _, ok := c.Definition().Subresource("proxy"); !ok {
		return nil, fmt.Errorf("proxy %s %q: the resource does not offer this", c.Definition(), name)
	}
	request := c.ResourceClient().Request(http.MethodGet, name, "proxy")
	if err := request.Err(); err != nil {
		return nil, err
	}
	return proxy{base: request.URL(), next: c.ResourceClient().Transport()}, nil
}

type proxy struct {
	base *url.URL // of the subresource
	next http.RoundTripper
}

// CloseIdleConnections makes http.Client's method of the name work.
func (p proxy) CloseIdleConnections() {
	if closer, ok := p.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// RoundTrip sends the request to the path below the object.
func (p proxy) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := ownCredentials(req.Header); err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	out := req.Clone(req.Context())
	out.Host = ""
	out.URL = p.inside(req.URL)
	resp, err := p.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	resp.Request = req // a redirect is relative to what the caller asked for
	p.outside(req.URL, resp.Header)
	return resp, nil
}

// ownCredentials refuses headers that would change who asks.
func ownCredentials(header http.Header) error {
	for name := range header {
		if name == "Authorization" || strings.HasPrefix(name, "Impersonate-") {
			return errors.New("the header " + name + " cannot pass the API server, which would take it as its own")
		}
	}
	return nil
}

// inside returns the URL on the API server.
func (p proxy) inside(asked *url.URL) *url.URL {
	u := *p.base
	u.Path = p.base.Path + "/" + strings.TrimPrefix(asked.Path, "/")
	u.RawPath = p.base.EscapedPath() + "/" + strings.TrimPrefix(asked.EscapedPath(), "/")
	u.RawQuery = asked.RawQuery
	return &u
}

// outside turns a redirect to a path of the API server's back into one that the caller can follow.
func (p proxy) outside(asked *url.URL, header http.Header) {
	to, err := url.Parse(header.Get("Location"))
	if err != nil || to.Host != "" && to.Host != p.base.Host && to.Host != asked.Host {
		return
	}
	path, ok := strings.CutPrefix(to.EscapedPath(), p.base.EscapedPath())
	if !ok || path != "" && path[0] != '/' {
		return
	}
	if path == "" {
		path = "/"
	}
	if to.Path, err = url.PathUnescape(path); err != nil {
		return
	}
	to.RawPath, to.Scheme, to.Host = path, asked.Scheme, asked.Host
	header.Set("Location", to.String())
}
