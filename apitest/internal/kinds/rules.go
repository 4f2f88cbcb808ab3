package kinds

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	certificatesv1beta1 "k8s.io/api/certificates/v1beta1"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sheaf-dev/sheaf/resource"
)

var roleBindingRow = bindingRow("roleBinding", "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
	func(b *rbacv1.RoleBinding) (rbacv1.RoleRef, []rbacv1.Subject) { return b.RoleRef, b.Subjects })

var clusterRoleBindingRow = bindingRow("clusterRoleBinding", "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
	func(b *rbacv1.ClusterRoleBinding) (rbacv1.RoleRef, []rbacv1.Subject) { return b.RoleRef, b.Subjects })

func bindingRow[T resource.Object](what, roleDoc string, parts func(T) (rbacv1.RoleRef, []rbacv1.Subject)) []cell {
	subjects := func(name, kind string) cell {
		return column(name, "string", name+" in the "+what, func(b T) any {
			_, all := parts(b)
			var of []string
			for _, s := range all {
				switch {
				case s.Kind != kind:
				case s.Namespace != "":
					of = append(of, s.Namespace+"/"+s.Name)
				default:
					of = append(of, s.Name)
				}
			}
			return strings.Join(of, ", ")
		}).onlyWide()
	}
	return row(
		column("Role", "string", roleDoc, func(b T) any {
			role, _ := parts(b)
			return role.Kind + "/" + role.Name
		}),
		subjects("Users", rbacv1.UserKind), subjects("Groups", rbacv1.GroupKind), subjects("ServiceAccounts", rbacv1.ServiceAccountKind),
	)
}

var disruptionBudgetRow = row(
	column("Min Available", "string", "The minimum number of pods that must be available.", func(b *policyv1.PodDisruptionBudget) any { return orNotApplicable(b.Spec.MinAvailable) }),
	column("Max Unavailable", "string", "The maximum number of pods that may be unavailable.", func(b *policyv1.PodDisruptionBudget) any { return orNotApplicable(b.Spec.MaxUnavailable) }),
	column("Allowed Disruptions", "integer", "Calculated number of pods that may be disrupted at this time.", func(b *policyv1.PodDisruptionBudget) any {
		return int64(b.Status.DisruptionsAllowed)
	}),
)

func orNotApplicable(n *intstr.IntOrString) string {
	if n == nil {
		return "N/A"
	}
	return n.String()
}

var quotaRow = row(
	column("Request", "string", "Request represents a minimum amount of cpu/memory that a container may consume.", func(q *corev1.ResourceQuota) any { return usage(q, false) }),
	column("Limit", "string", "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.", func(q *corev1.ResourceQuota) any { return usage(q, true) }),
)

// usage writes how much of a quota's limits, or of everything else in it, is used.
func usage(q *corev1.ResourceQuota, limits bool) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(q.Status.Hard)) {
		if strings.HasPrefix(string(name), "limits.") == limits {
			used, hard := q.Status.Used[name], q.Status.Hard[name]
			all = append(all, fmt.Sprintf("%s: %s/%s", name, used.String(), hard.String()))
		}
	}
	return strings.Join(all, ", ")
}

var signingRequestRow = []cell{
	nameCell, ageCell,
	column("SignerName", "string", docOf(certificatesv1beta1.CertificateSigningRequestSpec{}, "signerName"), func(r *certificatesv1.CertificateSigningRequest) any { return orNone(r.Spec.SignerName) }),
	column("Requestor", "string", docOf(certificatesv1beta1.CertificateSigningRequestSpec{}, "request"), func(r *certificatesv1.CertificateSigningRequest) any { return r.Spec.Username }),
	column("RequestedDuration", "string", docOf(certificatesv1.CertificateSigningRequestSpec{}, "expirationSeconds"), func(r *certificatesv1.CertificateSigningRequest) any {
		if r.Spec.ExpirationSeconds == nil {
			return "<none>"
		}
		return duration.HumanDuration(time.Duration(*r.Spec.ExpirationSeconds) * time.Second)
	}),
	column("Condition", "string", docOf(certificatesv1beta1.CertificateSigningRequestStatus{}, "conditions"), func(r *certificatesv1.CertificateSigningRequest) any { return signingState(r) }),
}

// signingState tells what has been decided about a certificate, and whether it is there.
func signingState(r *certificatesv1.CertificateSigningRequest) string {
	has := func(kind certificatesv1.RequestConditionType) bool {
		return slices.ContainsFunc(r.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool { return c.Type == kind })
	}
	state := "Pending"
	switch {
	case has(certificatesv1.CertificateDenied):
		state = "Denied"
	case has(certificatesv1.CertificateApproved):
		state = "Approved"
	}
	if has(certificatesv1.CertificateFailed) {
		state += ",Failed"
	}
	if len(r.Status.Certificate) > 0 {
		state += ",Issued"
	}
	return state
}

var priorityClassRow = []cell{
	nameCell,
	column("Value", "integer", docOf(schedulingv1.PriorityClass{}, "value"), func(c *schedulingv1.PriorityClass) any { return int64(c.Value) }),
	column("Global-Default", "boolean", docOf(schedulingv1.PriorityClass{}, "globalDefault"), func(c *schedulingv1.PriorityClass) any { return c.GlobalDefault }),
	ageCell,
	column("PreemptionPolicy", "string", docOf(schedulingv1.PriorityClass{}, "preemptionPolicy"), func(c *schedulingv1.PriorityClass) any {
		if c.PreemptionPolicy == nil {
			return string(corev1.PreemptLowerPriority)
		}
		return string(*c.PreemptionPolicy)
	}),
}

const webhooksDoc = "Webhooks indicates the number of webhooks registered in this configuration"

var (
	validatingWebhooksRow = row(column("Webhooks", "integer", webhooksDoc, func(c *admissionv1.ValidatingWebhookConfiguration) any { return int64(len(c.Webhooks)) }))
	mutatingWebhooksRow   = row(column("Webhooks", "integer", webhooksDoc, func(c *admissionv1.MutatingWebhookConfiguration) any { return int64(len(c.Webhooks)) }))
	validatingPolicyRow   = row(
		column("Validations", "integer", "Validations indicates the number of validation rules defined in this configuration", func(p *admissionv1.ValidatingAdmissionPolicy) any {
			return int64(len(p.Spec.Validations))
		}),
		paramKindCell(func(p *admissionv1.ValidatingAdmissionPolicy) *admissionv1.ParamKind { return p.Spec.ParamKind }),
	)
	mutatingPolicyRow = row(
		column("Mutations", "integer", "Mutation indicates the number of mutations rules defined in this configuration", func(p *admissionv1.MutatingAdmissionPolicy) any {
			return int64(len(p.Spec.Mutations))
		}),
		paramKindCell(func(p *admissionv1.MutatingAdmissionPolicy) *admissionv1.ParamKind { return p.Spec.ParamKind }),
	)
	validatingPolicyBindingRow = policyBindingRow(func(b *admissionv1.ValidatingAdmissionPolicyBinding) (string, *admissionv1.ParamRef) {
		return b.Spec.PolicyName, b.Spec.ParamRef
	})
	mutatingPolicyBindingRow = policyBindingRow(func(b *admissionv1.MutatingAdmissionPolicyBinding) (string, *admissionv1.ParamRef) {
		return b.Spec.PolicyName, b.Spec.ParamRef
	})
)

func paramKindCell[T resource.Object](kind func(T) *admissionv1.ParamKind) cell {
	return column("ParamKind", "string", "ParamKind specifies the kind of resources used to parameterize this policy", func(o T) any {
		k := kind(o)
		if k == nil {
			return "<unset>"
		}
		return k.APIVersion + "/" + k.Kind
	})
}

func policyBindingRow[T resource.Object](parts func(T) (string, *admissionv1.ParamRef)) []cell {
	return row(
		column("PolicyName", "string", "PolicyName indicates the policy definition which the policy binding binded to", func(b T) any {
			policy, _ := parts(b)
			return policy
		}),
		column("ParamRef", "string", "ParamRef indicates the param resource which sets the configuration param", func(b T) any {
			_, ref := parts(b)
			switch {
			case ref == nil:
				return "<unset>"
			case ref.Namespace == "":
				return "*/" + ref.Name
			}
			return ref.Namespace + "/" + ref.Name
		}),
	)
}

var flowSchemaRow = []cell{
	nameCell,
	column("PriorityLevel", "string", docOf(flowcontrolv1.PriorityLevelConfigurationReference{}, "name"), func(f *flowcontrolv1.FlowSchema) any { return f.Spec.PriorityLevelConfiguration.Name }),
	column("MatchingPrecedence", "string", docOf(flowcontrolv1.FlowSchemaSpec{}, "matchingPrecedence"), func(f *flowcontrolv1.FlowSchema) any { return int64(f.Spec.MatchingPrecedence) }),
	column("DistinguisherMethod", "string", docOf(flowcontrolv1.FlowSchemaSpec{}, "distinguisherMethod"), func(f *flowcontrolv1.FlowSchema) any {
		if f.Spec.DistinguisherMethod == nil {
			return "<none>"
		}
		return string(f.Spec.DistinguisherMethod.Type)
	}),
	ageCell,
	column("MissingPL", "string", "references a broken or non-existent PriorityLevelConfiguration", func(f *flowcontrolv1.FlowSchema) any {
		for _, c := range f.Status.Conditions {
			if c.Type == flowcontrolv1.FlowSchemaConditionDangling {
				return string(c.Status)
			}
		}
		return "?"
	}),
}

var priorityLevelRow = row(
	column("Type", "string", docOf(flowcontrolv1.PriorityLevelConfigurationSpec{}, "type"), func(p *flowcontrolv1.PriorityLevelConfiguration) any { return string(p.Spec.Type) }),
	column("NominalConcurrencyShares", "string", docOf(flowcontrolv1.LimitedPriorityLevelConfiguration{}, "nominalConcurrencyShares"), func(p *flowcontrolv1.PriorityLevelConfiguration) any {
		if p.Spec.Limited == nil {
			return "<none>"
		}
		return int64(zeroIfNil(p.Spec.Limited.NominalConcurrencyShares))
	}),
	queueCell("Queues", "queues", func(q *flowcontrolv1.QueuingConfiguration) int32 { return q.Queues }),
	queueCell("HandSize", "handSize", func(q *flowcontrolv1.QueuingConfiguration) int32 { return q.HandSize }),
	queueCell("QueueLengthLimit", "queueLengthLimit", func(q *flowcontrolv1.QueuingConfiguration) int32 { return q.QueueLengthLimit }),
)

func queueCell(name, field string, value func(*flowcontrolv1.QueuingConfiguration) int32) cell {
	return column(name, "string", docOf(flowcontrolv1.QueuingConfiguration{}, field), func(p *flowcontrolv1.PriorityLevelConfiguration) any {
		if p.Spec.Limited == nil || p.Spec.Limited.LimitResponse.Queuing == nil {
			return "<none>"
		}
		return int64(value(p.Spec.Limited.LimitResponse.Queuing))
	})
}
