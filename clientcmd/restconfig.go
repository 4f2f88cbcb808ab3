package clientcmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/sheaf-dev/sheaf/rest"
)

// restConfig turns a selection into a configuration.
func (s selection) restConfig() (*rest.Config, error) {
	c := &rest.Config{
		Host: s.cluster.Server,
		TLS: rest.TLSConfig{
			Insecure:   s.cluster.InsecureSkipTLSVerify,
			ServerName: s.cluster.TLSServerName,
			CAFile:     s.cluster.CertificateAuthority,
			CAData:     slices.Clone(s.cluster.CertificateAuthorityData),
			CertFile:   s.user.ClientCertificate,
			CertData:   slices.Clone(s.user.ClientCertificateData),
			KeyFile:    s.user.ClientKey,
			KeyData:    slices.Clone(s.user.ClientKeyData),
		},
		BearerToken:     s.user.Token,
		BearerTokenFile: s.user.TokenFile,
		Username:        s.user.Username,
		Password:        s.user.Password,
		Impersonate: rest.Impersonation{
			UserName: s.user.Impersonate,
			UID:      s.user.ImpersonateUID,
			Groups:   slices.Clone(s.user.ImpersonateGroups),
			Extra:    maps.Clone(s.user.ImpersonateUserExtra),
		},
		DisableCompression: s.cluster.DisableCompression,
	}
	if err := s.proxy(c); err != nil {
		return nil, fmt.Errorf("%s: cluster %q: %w", s.file.name(), s.context.Cluster, err)
	}
	if err := s.plugin(c); err != nil {
		return nil, fmt.Errorf("%s: user %q: %w", s.file.name(), s.context.User, err)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%s: cluster %q, user %q: %w", s.file.name(), s.context.Cluster, s.context.User, err)
	}
	return c, nil
}

func (s selection) proxy(c *rest.Config) error {
	if s.cluster.ProxyURL == "" {
		return nil
	}
	u, err := url.Parse(s.cluster.ProxyURL)
	if err != nil {
		return errors.New("the proxy-url is malformed")
	}
	switch u.Scheme {
	case "http", "https", "socks5":
	default:
		return fmt.Errorf("the proxy-url must start with http://, https:// or socks5://, not %q", u.Scheme)
	}
	if u.Hostname() == "" {
		return errors.New("the proxy-url names no host")
	}
	c.Proxy = http.ProxyURL(u)
	return nil
}

// execExtension is the cluster's extension that is passed to credential plugins.
const execExtension = "client.authentication.k8s.io/exec"

// plugin adds the user's credential plugin or provider. A token in the file is preferred to a plugin.
func (s selection) plugin(c *rest.Config) error {
	token := c.BearerToken != "" || c.BearerTokenFile != ""
	if e := s.user.Exec; e != nil && !token {
		c.Exec = &rest.ExecConfig{
			Command:            e.Command,
			Args:               slices.Clone(e.Args),
			APIVersion:         e.APIVersion,
			InstallHint:        e.InstallHint,
			ProvideClusterInfo: e.ProvideClusterInfo,
			InteractiveMode:    e.InteractiveMode,
		}
		for _, v := range e.Env {
			c.Exec.Env = append(c.Exec.Env, rest.ExecEnv{Name: v.Name, Value: v.Value})
		}
		if e.ProvideClusterInfo {
			c.Exec.Extension = json.RawMessage(slices.Clone(s.cluster.Extensions[execExtension]))
		}
		return nil
	}
	if p := s.user.AuthProvider; p != nil && !token {
		return s.provider(c, p)
	}
	return nil
}
