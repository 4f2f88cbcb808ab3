package clients_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authenticationapi "k8s.io/api/authentication/v1"
	coreapi "k8s.io/api/core/v1"
	rbacapi "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/clientset/subresource"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	authentication "github.com/sheaf-dev/sheaf/resource/authentication/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	rbac "github.com/sheaf-dev/sheaf/resource/rbac/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// A client certificate expires while a watch runs, and its files have a new one by then: the watch goes on, and no request fails.
func TestACertificateIsRotatedUnderARunningWatch(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	write := func(user string, valid time.Duration) {
		cert, key, err := server.ClientCertificate(cluster.User{Name: user, Groups: []string{"system:masters"}}, valid)
		if err := errors.Join(err, os.WriteFile(certFile, cert, 0o600), os.WriteFile(keyFile, key, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("first", 3*time.Second)
	client := connect(t, cluster.Admin, func(c *rest.Config) {
		c.BearerToken, c.TLS.CertFile, c.TLS.KeyFile = "", certFile, keyFile
	})
	me := func() string {
		answer, err := typed.CreatorFor(client, authentication.SelfSubjectReviews).Create(t.Context(), &authenticationapi.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status.UserInfo.Username
	}
	if got := me(); got != "first" {
		t.Fatalf("the server takes the client for %q", got)
	}
	c := typed.For(client, corev1.ConfigMaps).Namespace(namespace(t, client))
	w, err := c.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	write("second", time.Hour)
	await(t, "the new certificate", func() bool { return me() == "second" })
	create(t, c, configMap("a", "1"))
	sees(t, w, "a")
}

// makeRobot makes a service account that may do anything in a namespace. Issue writes a token of it to a file, which is good as long as the secret of that
// name is there.
func makeRobot(t *testing.T, admin *rest.Client, ns, file string) (issue func(secret string)) {
	t.Helper()
	accounts, secrets := typed.For(admin, corev1.ServiceAccounts).Namespace(ns), typed.For(admin, corev1.Secrets).Namespace(ns)
	create(t, accounts, &coreapi.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}})
	create(t, typed.For(admin, rbac.RoleBindings).Namespace(ns), &rbacapi.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "robot-works"},
		Subjects:   []rbacapi.Subject{{Kind: "ServiceAccount", Namespace: ns, Name: "robot"}},
		RoleRef:    rbacapi.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "cluster-admin"},
	})
	return func(secret string) {
		bound := create(t, secrets, &coreapi.Secret{ObjectMeta: metav1.ObjectMeta{Name: secret}})
		answer, err := subresource.RequestToken(t.Context(), accounts, "robot", &authenticationapi.TokenRequest{Spec: authenticationapi.TokenRequestSpec{
			BoundObjectRef: &authenticationapi.BoundObjectReference{APIVersion: "v1", Kind: "Secret", Name: secret, UID: bound.UID},
		}}, metav1.CreateOptions{})
		if err == nil {
			err = os.WriteFile(file, []byte(answer.Status.Token), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A token is revoked while a watch runs, and its file has another one by then: the watch goes on, and no request fails.
func TestATokenFileIsRotatedUnderARunningWatch(t *testing.T) {
	admin, ctx := connect(t, cluster.Admin), t.Context()
	ns, file := namespace(t, admin), filepath.Join(t.TempDir(), "token")
	issue := makeRobot(t, admin, ns, file)
	issue("first")
	robot := connect(t, cluster.Admin, func(c *rest.Config) { c.BearerToken, c.BearerTokenFile = "", file })
	credential := func() string {
		answer, err := typed.CreatorFor(robot, authentication.SelfSubjectReviews).Create(ctx, &authenticationapi.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil {
			t.Fatalf("a request failed while the token was rotated: %v", err)
		}
		return strings.Join(answer.Status.UserInfo.Extra["authentication.kubernetes.io/credential-id"], "")
	}
	c := typed.For(robot, corev1.ConfigMaps).Namespace(ns)
	await(t, "the role to take effect", func() bool { _, err := c.List(ctx, metav1.ListOptions{}); return err == nil })
	before := credential()
	w, err := c.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()

	issue("second")
	if err := typed.For(admin, corev1.Secrets).Namespace(ns).Delete(ctx, "first", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the new token", func() bool { return credential() != before })
	create(t, c, configMap("a", "1"))
	sees(t, w, "a")
}

// sees reads a watch until an object was added.
func sees(t *testing.T, w *typed.Watch[*coreapi.ConfigMap], name string) {
	t.Helper()
	for {
		e, err := w.Next()
		if err != nil {
			t.Fatalf("the watch was cut: %v", err)
		}
		if e.Type == watch.Added && e.Object.Name == name {
			return
		}
	}
}
