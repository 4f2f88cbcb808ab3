package clients_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	flowcontrolapi "k8s.io/api/flowcontrol/v1"
	rbacapi "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	flowcontrol "github.com/sheaf-dev/sheaf/resource/flowcontrol/v1"
	rbac "github.com/sheaf-dev/sheaf/resource/rbac/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// narrow sends the limited user to a priority level with a single seat, and lets the user do anything there.
func narrow(t *testing.T, admin *rest.Client) {
	t.Helper()
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
	t.Cleanup(func() {
		for _, err := range []error{
			schemas.Delete(context.Background(), "limited", metav1.DeleteOptions{}),
			levels.Delete(context.Background(), "narrow", metav1.DeleteOptions{}),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// Priority and fairness sends a user to a level with one seat: while it is taken, everything is 429. No write happens twice.
func TestTooManyRequestsAreRepeatedUntilTheServerTakesThem(t *testing.T) {
	admin, ctx := connect(t, cluster.Admin), t.Context()
	ns := namespace(t, admin)
	narrow(t, admin)

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
