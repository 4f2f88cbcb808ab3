package clients_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	authenticationapi "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	authentication "github.com/sheaf-dev/sheaf/resource/authentication/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
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
	for {
		e, err := w.Next()
		if err != nil {
			t.Fatalf("the watch was cut: %v", err)
		}
		if e.Type == watch.Added && e.Object.Name == "a" {
			return
		}
	}
}
