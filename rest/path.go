package rest

import (
	"errors"
	"fmt"
	"strings"
)

// pathParts is the path of a request below the server's URL, in pieces. The zero value is the root.
type pathParts struct {
	prefix      string // "/api/v1", "/apis/apps/v1", or what AbsPath and Prefix said; no trailing slash unless asked for
	namespace   string
	namespaced  bool
	resource    string
	name        string
	subresource string   // segments joined by slashes
	suffix      []string // as given
}

// build joins the pieces to an escaped-nowhere path that starts with a slash.
func (p pathParts) build() (string, error) {
	if p.name == "" && p.subresource != "" {
		return "", fmt.Errorf("the subresource %q needs a name", p.subresource)
	}
	if p.resource == "" && p.name != "" {
		return "", fmt.Errorf("the name %q needs a resource", p.name)
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(p.prefix, "/"))
	if p.namespaced && p.namespace != "" {
		b.WriteString("/namespaces/" + p.namespace)
	}
	for _, piece := range []string{p.resource, p.name, p.subresource} {
		if piece != "" {
			b.WriteString("/" + piece)
		}
	}
	for _, piece := range p.suffix {
		b.WriteString("/" + strings.Trim(piece, "/"))
	}
	if p.trailingSlash() || b.Len() == 0 {
		b.WriteByte('/')
	}
	return b.String(), nil
}

// trailingSlash says whether the last piece ends with a slash, which some servers behind a proxy tell apart.
func (p pathParts) trailingSlash() bool {
	if n := len(p.suffix); n > 0 {
		return strings.HasSuffix(p.suffix[n-1], "/")
	}
	return p.resource == "" && !p.namespaced && len(p.prefix) > 1 && strings.HasSuffix(p.prefix, "/")
}

// checkSegment refuses what cannot be one segment of an API path: a server would read another path than the caller meant.
func checkSegment(what, segment string) error {
	switch {
	case segment == "":
		return fmt.Errorf("the %s is empty", what)
	case segment == "." || segment == "..":
		return fmt.Errorf("the %s must not be %q", what, segment)
	case strings.ContainsAny(segment, "/%"):
		return fmt.Errorf("the %s %q must not contain a slash or a percent sign", what, segment)
	}
	return nil
}

// checkPath refuses a path in which a segment leads upwards.
func checkPath(path string) error {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return fmt.Errorf("the path %q must not contain %q", path, segment)
		}
	}
	return nil
}

// setOnce writes value to *field. A second value is an error: one of the two would be lost.
func setOnce(field *string, what, value string) error {
	if *field != "" {
		return fmt.Errorf("the %s is set twice: %q and %q", what, *field, value)
	}
	if err := checkSegment(what, value); err != nil {
		return err
	}
	*field = value
	return nil
}

var errNamespaceTwice = errors.New("the namespace is set twice")
