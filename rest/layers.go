package rest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// layers is the whole way of a request to the connection: headers, then credentials, then the caller's wrapper, then connections.
type layers struct {
	http.RoundTripper
	bottom http.RoundTripper
}

func newLayers(cfg *Config) (*layers, error) {
	plugin, err := newExecPlugin(cfg)
	if err != nil {
		return nil, err
	}
	bottom := cfg.Transport
	if bottom == nil {
		if bottom, err = newConnections(cfg, plugin); err != nil {
			return nil, err
		}
	}
	top := bottom
	if cfg.WrapTransport != nil {
		top = cfg.WrapTransport(top)
	}
	source, err := newTokenSource(cfg, plugin)
	if err != nil {
		return nil, err
	}
	switch {
	case source != nil:
		top = &bearerLayer{next: top, source: source}
	case cfg.Username != "" || cfg.Password != "":
		plain := cfg.Username + ":" + cfg.Password
		top = headerLayer{next: top, header: http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(plain))}}}
	}
	header := impersonationHeader(cfg.Impersonate)
	agent := cfg.UserAgent
	if agent == "" {
		agent = DefaultUserAgent()
	}
	header.Set("User-Agent", agent)
	return &layers{headerLayer{next: top, header: header}, bottom}, nil
}

// Format keeps the credentials in the layers out of whatever prints them, whatever the verb.
func (l *layers) Format(s fmt.State, _ rune) { fmt.Fprint(s, "transport with credentials") }

// CloseIdleConnections closes the connections that no request uses.
func (l *layers) CloseIdleConnections() { closeIdle(l.bottom) }

// headerLayer adds headers that the request does not have yet.
type headerLayer struct {
	next   http.RoundTripper
	header http.Header
}

func (l headerLayer) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	for name, values := range l.header {
		if _, set := out.Header[name]; !set {
			out.Header[name] = values
		}
	}
	return l.next.RoundTrip(out)
}

// impersonationHeader returns the headers that make the server act as somebody else.
func impersonationHeader(i Impersonation) http.Header {
	header := http.Header{}
	if i.UserName == "" {
		return header
	}
	header.Set("Impersonate-User", i.UserName)
	if i.UID != "" {
		header.Set("Impersonate-Uid", i.UID)
	}
	for _, group := range i.Groups {
		header.Add("Impersonate-Group", group)
	}
	for name, values := range i.Extra {
		for _, value := range values {
			header.Add("Impersonate-Extra-"+escapeExtra(name), value)
		}
	}
	return header
}

// escapeExtra writes the name of an extra field so that it can be part of a header's name: what RFC 7230 does not allow there, and the
// percent sign, is percent-encoded. The server decodes it and puts it in lower case.
func escapeExtra(name string) string {
	const allowed = "!#$&'*+-.^_`|~"
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(allowed, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		const digits = "0123456789ABCDEF"
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}
