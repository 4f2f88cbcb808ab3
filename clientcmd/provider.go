package clientcmd

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"

	"github.com/sheaf-dev/sheaf/rest"
)

// The settings of the provider "oidc".
const (
	oidcIssuer       = "idp-issuer-url"
	oidcClientID     = "client-id"
	oidcClientSecret = "client-secret"
	oidcIDToken      = "id-token"
	oidcRefreshToken = "refresh-token"
	oidcCAFile       = "idp-certificate-authority"
	oidcCAData       = "idp-certificate-authority-data"
)

// instead says what to use in place of the providers that were removed from Kubernetes clients.
var instead = map[string]string{
	"gcp":   "install gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials`, which writes an exec plugin",
	"azure": "install kubelogin and run `kubelogin convert-kubeconfig`, which writes an exec plugin",
}

func (s selection) provider(c *rest.Config, p *AuthProvider) error {
	if p.Name != "oidc" {
		hint, ok := instead[p.Name]
		if !ok {
			hint = "use an exec plugin or a token"
		}
		return fmt.Errorf("the auth-provider %q no longer exists: %s", p.Name, hint)
	}
	data, err := base64.StdEncoding.DecodeString(p.Config[oidcCAData])
	if err != nil {
		return fmt.Errorf("the auth-provider's %s is not base64", oidcCAData)
	}
	c.OIDC = &rest.OIDCConfig{
		IssuerURL:    p.Config[oidcIssuer],
		ClientID:     p.Config[oidcClientID],
		ClientSecret: p.Config[oidcClientSecret],
		IDToken:      p.Config[oidcIDToken],
		RefreshToken: p.Config[oidcRefreshToken],
		CAFile:       p.Config[oidcCAFile],
		CAData:       data,
	}
	if s.user.origin != "" {
		origin, user := s.user.origin, s.context.User
		c.OIDC.Persist = func(ctx context.Context, idToken, refreshToken string) error {
			return persist(ctx, origin, user, idToken, refreshToken)
		}
	}
	return nil
}

// persist writes new tokens to the file that the old ones came from.
func persist(ctx context.Context, path, user, idToken, refreshToken string) error {
	return Modify(ctx, path, func(f *File) error {
		u, ok := f.Users[user]
		if !ok || u.AuthProvider == nil || u.AuthProvider.Config == nil {
			return fmt.Errorf("%s has no user %q with an auth-provider any more", f.name(), user)
		}
		u.AuthProvider.Config[oidcIDToken], u.AuthProvider.Config[oidcRefreshToken] = idToken, refreshToken
		return nil
	})
}

func (p *AuthProvider) clone() *AuthProvider {
	return &AuthProvider{Name: p.Name, Config: maps.Clone(p.Config)}
}
