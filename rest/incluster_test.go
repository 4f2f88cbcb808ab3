package rest

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPodFindsItsOwnCluster(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
	getenv := func(name string) string { return env[name] }
	if _, err := inCluster(func(string) string { return "" }, dir); !errors.Is(err, ErrNotInCluster) {
		t.Errorf("without environment: %v", err)
	}
	if _, err := inCluster(getenv, dir); !errors.Is(err, ErrNotInCluster) || !strings.Contains(err.Error(), filepath.Join(dir, "token")) {
		t.Errorf("without token: %v", err)
	}
	writeFile(t, filepath.Join(dir, "token"), " \n")
	if _, err := inCluster(getenv, dir); err == nil || errors.Is(err, ErrNotInCluster) || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("with an empty token: %v", err)
	}
	writeFile(t, filepath.Join(dir, "token"), "token\n")
	if _, err := inCluster(getenv, dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "ca.crt")) {
		t.Errorf("without authorities: %v", err)
	}
	writeFile(t, filepath.Join(dir, "ca.crt"), string(newAuthority(t, "cluster").pem))
	c, err := inCluster(getenv, dir)
	if err != nil || c.Host != "https://[fd00::1]:443" || c.BearerToken != "token" || c.BearerTokenFile != filepath.Join(dir, "token") || c.TLS.CAFile != filepath.Join(dir, "ca.crt") {
		t.Errorf("got %+v, %v", c, err)
	}
	if namespace, ok := namespaceIn(dir); ok {
		t.Errorf("the namespace is %q", namespace)
	}
	writeFile(t, filepath.Join(dir, "namespace"), "shop\n")
	if namespace, ok := namespaceIn(dir); namespace != "shop" || !ok {
		t.Errorf("the namespace is %q, %v", namespace, ok)
	}
}
