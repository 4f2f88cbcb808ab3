package rest

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// serverURL reads Config.Host. The result has a scheme, a host, and a path without a trailing slash, and nothing else.
func serverURL(host string) (*url.URL, error) {
	if host == "" {
		return nil, errors.New("the server's URL (Host) is empty")
	}
	shown := shownURL(host)
	text := host
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the server's URL %q is malformed: %w", shown, cause(err))
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("the server's URL %q must start with https:// or http://", shown)
	case u.Hostname() == "":
		return nil, fmt.Errorf("the server's URL %q names no host", shown)
	case u.User != nil:
		return nil, fmt.Errorf("the server's URL %q must not hold a user name or password", shown)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the server's URL %q must not have a query or fragment", shown)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}

// hostOf returns the host of the server's URL, as in RequestInfo.
func hostOf(cfg *Config) string {
	u, err := serverURL(cfg.Host)
	if err != nil { // the configuration was checked: never
		return ""
	}
	return u.Host
}

// cause strips the layer of url.Error, which repeats the whole URL, secrets included.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// shownURL is a URL, which may be malformed, for messages: without "user:password@", query and fragment.
func shownURL(host string) string {
	if i := strings.IndexAny(host, "?#"); i >= 0 {
		host = host[:i] + "?" + redacted
	}
	start := 0
	if i := strings.Index(host, "://"); i >= 0 {
		start = i + len("://")
	}
	end := len(host)
	if i := strings.IndexAny(host[start:], "/?"); i >= 0 {
		end = start + i
	}
	if at := strings.LastIndex(host[start:end], "@"); at >= 0 {
		return host[:start] + redacted + host[start+at:]
	}
	return host
}
