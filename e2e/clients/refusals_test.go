package clients_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	flowcontrolapi "k8s.io/api/flowcontrol/v1"
	rbacapi "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/subresource"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	flowcontrol "github.com/sheaf-dev/sheaf/resource/flowcontrol/v1"
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

// Priority and fairness sends a user to a level with one seat: while it is taken, everything is 429. No write happens twice.
func TestTooManyRequestsAreRepeatedUntilTheServerTakesThem(t *testing.T) {
	admin, ctx := connect(t, cluster.Admin), t.Context()
	ns := namespace(t, admin)
	create(t, typed.For(admin, rbac.ClusterRoleBindings), &rbacapi.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: limited.Name},
		Subjects:   []rbacapi.Subject{{Kind: "User", APIGroup: "rbac.authorization.k8s.io", Name: limited.Name}},
		RoleRef:    rbacapi.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "cluster-admin"},
	})
	levels, schemas := typed.For(admin, flowcontrol.PriorityLevelConfigurations), typed.For(admin, flowcontrol.FlowSchemas)
	create(t, levels, &flowcontrolapi.PriorityLevelConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "narrow"},
		Spec: flowcontrolapi.PriorityLevelConfigurationSpec{
			Type: flowcontrolapi.PriorityLevelEnablementLimited,
			Limited: &flowcontrolapi.LimitedPriorityLevelConfiguration{
				NominalConcurrencyShares: new(int32), LendablePercent: new(int32), BorrowingLimitPercent: new(int32),
				LimitResponse: flowcontrolapi.LimitResponse{Type: flowcontrolapi.LimitResponseTypeReject},
			},
		},
	})
	create(t, schemas, &flowcontrolapi.FlowSchema{
		ObjectMeta: metav1.ObjectMeta{Name: "limited"},
		Spec: flowcontrolapi.FlowSchemaSpec{
			PriorityLevelConfiguration: flowcontrolapi.PriorityLevelConfigurationReference{Name: "narrow"},
			MatchingPrecedence:         2,
			Rules: []flowcontrolapi.PolicyRulesWithSubjects{{
				Subjects: []flowcontrolapi.Subject{{Kind: flowcontrolapi.SubjectKindUser, User: &flowcontrolapi.UserSubject{Name: limited.Name}}},
				ResourceRules: []flowcontrolapi.ResourcePolicyRule{{
					Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, Namespaces: []string{"*"}, ClusterScope: true,
				}},
			}},
		},
	})
	defer func() {
		for _, err := range []error{
			schemas.Delete(context.Background(), "limited", metav1.DeleteOptions{}),
			levels.Delete(context.Background(), "narrow", metav1.DeleteOptions{}),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	}()

	// Somebody takes the seat, with lists of a version that the server waits for in vain, until a request is repeated.
	taken, leave := context.WithCancel(ctx)
	sitting := typed.For(connect(t, limited), corev1.ConfigMaps).Namespace(ns)
	var taker sync.WaitGroup
	defer taker.Wait()
	defer leave()
	taker.Go(func() {
		for taken.Err() == nil {
			future := metav1.ListOptions{ResourceVersion: "999999999", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}
			if _, err := sitting.List(taken, future); err == nil {
				t.Error("the future is here")
			}
		}
	})

	repeated := 0
	client := connect(t, limited, func(c *rest.Config) {
		c.Hooks.Retry = func(_ context.Context, _, _ string, code int, wait time.Duration) {
			if repeated++; code != http.StatusTooManyRequests || wait <= 0 {
				t.Errorf("repeated after %d and %v", code, wait)
			}
			leave()
		}
	})
	once := client.ForResource(corev1.ConfigMaps.Definition()).Namespace(ns).MaxRetries(0)
	await(t, "the server to refuse", func() bool {
		_, err := once.Get(ctx, "a", metav1.GetOptions{})
		wait, told := apierrors.SuggestsClientDelay(err)
		return apierrors.IsTooManyRequests(err) && told && wait > 0
	})
	if _, err := typed.For(client, corev1.ConfigMaps).Namespace(ns).Create(ctx, configMap("a", "1"), metav1.CreateOptions{}); err != nil {
		t.Errorf("a creation: %v", err)
	}
	if list, err := typed.For(admin, corev1.ConfigMaps).Namespace(ns).List(ctx, metav1.ListOptions{}); err != nil || len(list.Items) != 1 || repeated == 0 {
		t.Errorf("after %d repetitions: %v, %v", repeated, list, err)
	}
}
