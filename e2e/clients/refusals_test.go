package clients_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	rbacapi "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/subresource"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	rbac "github.com/sheaf-dev/sheaf/resource/rbac/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func TestWhatRolesDoNotAllowIsForbidden(t *testing.T) {
	admin, guest, ctx := connect(t, cluster.Admin), connect(t, cluster.Guest), t.Context()
	ns := namespace(t, admin)
	create(t, typed.For(admin, corev1.ConfigMaps).Namespace(ns), configMap("a", "1"))
	c := typed.For(guest, corev1.ConfigMaps).Namespace(ns)
	get := func() error { _, err := c.Get(ctx, "a", metav1.GetOptions{}); return err }
	list := func() error { _, err := c.List(ctx, metav1.ListOptions{}); return err }
	follow := func() error {
		w, err := c.Watch(ctx, metav1.ListOptions{})
		if err == nil {
			w.Close()
		}
		return err
	}
	for verb, try := range map[string]func() error{
		"get": get, "list": list, "watch": follow,
		"create": func() error { _, err := c.Create(ctx, configMap("b", "1"), metav1.CreateOptions{}); return err },
		"update": func() error { _, err := c.Update(ctx, configMap("a", "2"), metav1.UpdateOptions{}); return err },
		"patch": func() error {
			_, err := c.Apply(ctx, configMap("a", "2"), metav1.ApplyOptions{FieldManager: "e2e"})
			return err
		},
		"delete":           func() error { return c.Delete(ctx, "a", metav1.DeleteOptions{}) },
		"deletecollection": func() error { return c.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}) },
	} {
		err := try()
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `"guest" cannot `+verb+` resource "configmaps"`) {
			t.Errorf("%s: %v", verb, err)
		}
	}

	letGuestRead(t, admin, ns)
	await(t, "the role to take effect", func() bool { return get() == nil })
	if err := list(); !apierrors.IsForbidden(err) {
		t.Errorf("a list after the role: %v", err)
	}
	pods := typed.For(guest, corev1.Pods).Namespace(ns)
	if _, err := pods.Get(ctx, "p", metav1.GetOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a pod: %v", err)
	}
	if _, err := subresource.Logs(ctx, pods, "p", nil); !apierrors.IsNotFound(err) { // allowed, but there is none
		t.Errorf("the log of a pod: %v", err)
	}
}

// letGuestRead allows the guest to get one config map, and the logs of pods, in a namespace.
func letGuestRead(t *testing.T, admin *rest.Client, ns string) {
	t.Helper()
	create(t, typed.For(admin, rbac.Roles).Namespace(ns), &rbacapi.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Rules: []rbacapi.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{"a"}, Verbs: []string{"get"}},
			{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
		},
	})
	create(t, typed.For(admin, rbac.RoleBindings).Namespace(ns), &rbacapi.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "guest-reads"},
		Subjects:   []rbacapi.Subject{{Kind: "User", APIGroup: "rbac.authorization.k8s.io", Name: "guest"}},
		RoleRef:    rbacapi.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "reader"},
	})
}

// await waits until something is so.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("still waiting for %s", what)
		}
	}
}

func TestWrongCredentialsAreUnauthorizedAndNotShown(t *testing.T) {
	client := connect(t, cluster.Admin, func(c *rest.Config) { c.BearerToken = "hidden-token" })
	_, err := typed.For(client, corev1.Nodes).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsUnauthorized(err) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %v", err)
	}
}

func TestAnImpersonatedUserMayWhatThatUserMay(t *testing.T) {
	client := connect(t, cluster.Admin, func(c *rest.Config) { c.Impersonate = rest.Impersonation{UserName: "guest"} })
	if _, err := typed.For(client, corev1.Nodes).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `"guest"`) {
		t.Errorf("error %v", err)
	}
}

func TestLargeObjectsPassAndTooLargeOnesAreRefused(t *testing.T) {
	c := configMaps(t)
	random := func(n int) string {
		data := make([]byte, n*3/4)
		if _, err := rand.Read(data); err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(data)
	}
	text := random(1_000_000)
	create(t, c, configMap("large", text))
	got, err := c.Get(t.Context(), "large", metav1.GetOptions{})
	if err != nil || got.Data["value"] != text {
		t.Errorf("got %d bytes of %d, %v", len(got.Data["value"]), len(text), err)
	}
	if _, err := c.Create(t.Context(), configMap("larger", random(1_200_000)), metav1.CreateOptions{}); !apierrors.IsInvalid(err) && !apierrors.IsRequestEntityTooLargeError(err) {
		t.Errorf("more than a config map may have: %v", err)
	}
	if _, err := c.Create(t.Context(), configMap("largest", random(8_000_000)), metav1.CreateOptions{}); !apierrors.IsRequestEntityTooLargeError(err) {
		t.Errorf("more than a request may have: %v", err)
	}
}

func TestMistakesHaveTheirReasons(t *testing.T) {
	c, ctx := configMaps(t), t.Context()
	made := create(t, c, configMap("a", "1"))
	stale := made.DeepCopy()
	made.Data["value"] = "2"
	if _, err := c.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Update(ctx, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("an update of an old version: %v", err)
	}
	if _, err := c.Create(ctx, configMap("a", "1"), metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("a second creation: %v", err)
	}
	if _, err := c.Update(ctx, configMap("b", "1"), metav1.UpdateOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("an update of nothing: %v", err)
	}
	_, err := c.Create(ctx, configMap("Not A Name", "1"), metav1.CreateOptions{})
	if cause, ok := apierrors.StatusCause(err, metav1.CauseTypeFieldValueInvalid); !apierrors.IsInvalid(err) || !ok || cause.Field != "metadata.name" {
		t.Errorf("a bad name: %v", err)
	}
	if _, err := c.Namespace("there-is-none").Create(ctx, configMap("a", "1"), metav1.CreateOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("in a namespace that is not there: %v", err)
	}
}
