package clientcmd

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is what must not be shown.
const secret = "hunter2"

// write creates a file in a new directory, or at an absolute path, and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(t.TempDir(), name)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// full has everything that the format knows, and some that it does not.
const full = `
apiVersion: v1
kind: Config
preferences: {}
current-context: c1
future: [1, 2]
clusters:
- name: k1
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority: pki/ca.crt
    tls-server-name: api.example.com
    proxy-url: socks5://localhost:1080
    disable-compression: true
    future-cluster: {a: 1}
    extensions:
    - {name: client.authentication.k8s.io/exec, extension: {audience: shop}}
    - {name: another, extension: 5}
- name: k2
  cluster: {server: "https://10.0.0.2", certificate-authority-data: Y2E=, insecure-skip-tls-verify: false}
- name: k3
  cluster: {server: "https://10.0.0.3", insecure-skip-tls-verify: true}
users:
- name: token
  user: {token: hunter2, as: jane, as-uid: "7", as-groups: [a, b], as-user-extra: {scope: [x]}, future-user: hunter2}
- name: file
  user: {tokenFile: secrets/token}
- name: basic
  user: {username: joe, password: hunter2}
- name: cert
  user: {client-certificate: pki/joe.crt, client-key: /abs/joe.key}
- name: data
  user: {client-certificate-data: Y2VydA==, client-key-data: aHVudGVyMg==}
- name: exec
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: bin/plugin
      args: [--password, hunter2]
      env: [{name: PASSWORD, value: hunter2}]
      installHint: install it
      interactiveMode: Never
      provideClusterInfo: true
- name: oidc
  user:
    auth-provider:
      name: oidc
      config: {idp-issuer-url: "https://issuer", client-id: id, client-secret: hunter2, id-token: hunter2, refresh-token: hunter2, idp-certificate-authority: pki/issuer.crt}
- name: gcp
  user: {auth-provider: {name: gcp, config: {access-token: hunter2}}}
- name: azure
  user: {auth-provider: {name: azure}}
- name: exotic
  user: {auth-provider: {name: exotic}}
- name: nobody
  user: {}
contexts:
- {name: c1, context: {cluster: k1, user: token, namespace: shop, future-context: true}}
- {name: file, context: {cluster: k1, user: file}}
- {name: basic, context: {cluster: k2, user: basic}}
- {name: cert, context: {cluster: k1, user: cert}}
- {name: data, context: {cluster: k2, user: data}}
- {name: exec, context: {cluster: k1, user: exec}}
- {name: oidc, context: {cluster: k2, user: oidc}}
- {name: gcp, context: {cluster: k2, user: gcp}}
- {name: azure, context: {cluster: k2, user: azure}}
- {name: exotic, context: {cluster: k2, user: exotic}}
- {name: nobody, context: {cluster: k3, user: nobody}}
- {name: anonymous, context: {cluster: k3}}
- {name: lost-user, context: {cluster: k3, user: gone}}
- {name: lost-cluster, context: {cluster: gone, user: nobody}}
- {name: no-cluster, context: {user: nobody}}
extensions:
- {name: top, extension: {x: 1}}
`
