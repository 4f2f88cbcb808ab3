// Package seat makes a real API server answer "too many requests": it sends a user to a priority level with a single seat, which somebody else
// may take.
package seat

import (
	"context"
	"testing"

	flowcontrolapi "k8s.io/api/flowcontrol/v1"
	rbacapi "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	flowcontrol "github.com/sheaf-dev/sheaf/resource/flowcontrol/v1"
	rbac "github.com/sheaf-dev/sheaf/resource/rbac/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// Grant lets a user do anything.
func Grant(t *testing.T, admin *rest.Client, user string) {
	t.Helper()
	if _, err := typed.For(admin, rbac.ClusterRoleBindings).Create(t.Context(), &rbacapi.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user},
		Subjects:   []rbacapi.Subject{{Kind: "User", APIGroup: "rbac.authorization.k8s.io", Name: user}},
		RoleRef:    rbacapi.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "cluster-admin"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// Limit sends a user's requests to a priority level with a single seat and no queue, until the test ends. The server needs a moment to
// see it.
func Limit(t *testing.T, admin *rest.Client, user string) {
	t.Helper()
	levels, schemas := typed.For(admin, flowcontrol.PriorityLevelConfigurations), typed.For(admin, flowcontrol.FlowSchemas)
	if _, err := levels.Create(t.Context(), &flowcontrolapi.PriorityLevelConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "narrow"},
		Spec: flowcontrolapi.PriorityLevelConfigurationSpec{
			Type: flowcontrolapi.PriorityLevelEnablementLimited,
			Limited: &flowcontrolapi.LimitedPriorityLevelConfiguration{
				NominalConcurrencyShares: new(int32), LendablePercent: new(int32), BorrowingLimitPercent: new(int32),
				LimitResponse: flowcontrolapi.LimitResponse{Type: flowcontrolapi.LimitResponseTypeReject},
			},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := schemas.Create(t.Context(), &flowcontrolapi.FlowSchema{
		ObjectMeta: metav1.ObjectMeta{Name: user},
		Spec: flowcontrolapi.FlowSchemaSpec{
			PriorityLevelConfiguration: flowcontrolapi.PriorityLevelConfigurationReference{Name: "narrow"},
			MatchingPrecedence:         2,
			Rules: []flowcontrolapi.PolicyRulesWithSubjects{{
				Subjects: []flowcontrolapi.Subject{{Kind: flowcontrolapi.SubjectKindUser, User: &flowcontrolapi.UserSubject{Name: user}}},
				ResourceRules: []flowcontrolapi.ResourcePolicyRule{{
					Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, Namespaces: []string{"*"}, ClusterScope: true,
				}},
			}},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{
			schemas.Delete(context.Background(), user, metav1.DeleteOptions{}),
			levels.Delete(context.Background(), "narrow", metav1.DeleteOptions{}),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// Take takes the seat until the context is done, with lists of a version that the server waits for in vain. The client is one of the limited
// user's.
func Take(ctx context.Context, t *testing.T, client *rest.Client, namespace string) {
	future := metav1.ListOptions{ResourceVersion: "999999999", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}
	for ctx.Err() == nil {
		if _, err := typed.For(client, corev1.ConfigMaps).Namespace(namespace).List(ctx, future); err == nil {
			t.Error("the future is here")
		}
	}
}
