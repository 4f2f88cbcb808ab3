package kinds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/resource"
)

// selectable is a field that selectors may name, beside the object's name and namespace.
type selectable struct {
	name  string
	value func(resource.Object) string
}

func pick[T resource.Object](name string, value func(T) string) selectable {
	return selectable{name, func(o resource.Object) string { return value(o.(T)) }}
}

var podFields = []selectable{
	pick("spec.nodeName", func(p *corev1.Pod) string { return p.Spec.NodeName }),
	pick("spec.restartPolicy", func(p *corev1.Pod) string { return string(p.Spec.RestartPolicy) }),
	pick("spec.schedulerName", func(p *corev1.Pod) string { return p.Spec.SchedulerName }),
	pick("spec.serviceAccountName", func(p *corev1.Pod) string { return p.Spec.ServiceAccountName }),
	pick("spec.hostNetwork", func(p *corev1.Pod) string { return strconv.FormatBool(p.Spec.HostNetwork) }),
	pick("status.phase", func(p *corev1.Pod) string { return string(p.Status.Phase) }),
	pick("status.podIP", func(p *corev1.Pod) string { return p.Status.PodIP }),
	pick("status.podIPs", func(p *corev1.Pod) string { return p.Status.PodIP }),
	pick("status.nominatedNodeName", func(p *corev1.Pod) string { return p.Status.NominatedNodeName }),
}

var eventFields = []selectable{
	pick("involvedObject.kind", func(e *corev1.Event) string { return e.InvolvedObject.Kind }),
	pick("involvedObject.namespace", func(e *corev1.Event) string { return e.InvolvedObject.Namespace }),
	pick("involvedObject.name", func(e *corev1.Event) string { return e.InvolvedObject.Name }),
	pick("involvedObject.uid", func(e *corev1.Event) string { return string(e.InvolvedObject.UID) }),
	pick("involvedObject.apiVersion", func(e *corev1.Event) string { return e.InvolvedObject.APIVersion }),
	pick("involvedObject.resourceVersion", func(e *corev1.Event) string { return e.InvolvedObject.ResourceVersion }),
	pick("involvedObject.fieldPath", func(e *corev1.Event) string { return e.InvolvedObject.FieldPath }),
	pick("reason", func(e *corev1.Event) string { return e.Reason }),
	pick("reportingComponent", func(e *corev1.Event) string { return e.ReportingController }),
	pick("source", func(e *corev1.Event) string {
		if e.Source.Component != "" {
			return e.Source.Component
		}
		return e.ReportingController
	}),
	pick("type", func(e *corev1.Event) string { return e.Type }),
}

// newEventNames are the names in events.k8s.io of the fields of events, which are stored in the core group's form.
var newEventNames = map[string]string{
	"regarding.kind": "involvedObject.kind", "regarding.namespace": "involvedObject.namespace", "regarding.name": "involvedObject.name",
	"regarding.uid": "involvedObject.uid", "regarding.apiVersion": "involvedObject.apiVersion",
	"regarding.resourceVersion": "involvedObject.resourceVersion", "regarding.fieldPath": "involvedObject.fieldPath",
	"reason": "reason", "reportingController": "reportingComponent", "type": "type",
}

// builtinFields are the selectable fields by resource and group version.
var builtinFields = map[string][]selectable{
	"pods/v1":                   podFields,
	"events/v1":                 eventFields,
	"nodes/v1":                  {pick("spec.unschedulable", func(n *corev1.Node) string { return strconv.FormatBool(n.Spec.Unschedulable) })},
	"namespaces/v1":             {pick("status.phase", func(n *corev1.Namespace) string { return string(n.Status.Phase) })},
	"secrets/v1":                {pick("type", func(s *corev1.Secret) string { return string(s.Type) })},
	"replicationcontrollers/v1": {pick("status.replicas", func(r *corev1.ReplicationController) string { return itoa(r.Status.Replicas) })},
	"services/v1": {
		pick("spec.clusterIP", func(s *corev1.Service) string { return s.Spec.ClusterIP }),
		pick("spec.type", func(s *corev1.Service) string { return string(s.Spec.Type) }),
	},
	"replicasets.apps/v1": {pick("status.replicas", func(r *appsv1.ReplicaSet) string { return itoa(r.Status.Replicas) })},
	"jobs.batch/v1":       {pick("status.successful", func(j *batchv1.Job) string { return itoa(j.Status.Succeeded) })},
	"certificatesigningrequests.certificates.k8s.io/v1": {
		pick("spec.signerName", func(c *certificatesv1.CertificateSigningRequest) string { return c.Spec.SignerName }),
	},
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }

func selectablesOf(k *Kind) []selectable {
	if k.typed {
		return builtinFields[k.Def.String()]
	}
	if k.custom == nil {
		return nil
	}
	var out []selectable
	for _, path := range k.custom.SelectableFields {
		out = append(out, selectable{strings.TrimPrefix(path, "."), func(o resource.Object) string {
			if value, ok := lookup(o.(*unstructured.Unstructured).Object, path); ok {
				return fmt.Sprint(value)
			}
			return ""
		}})
	}
	return out
}

// FieldValues returns the values of the selectable fields of an object in its stored form, in a fixed order. previous, whose
// values are shared when they are equal, may be nil.
func (k *Kind) FieldValues(stored resource.Object, previous []string) []string {
	if len(k.Storage.fields) == 0 {
		return nil
	}
	values := make([]string, len(k.Storage.fields))
	for i, f := range k.Storage.fields {
		values[i] = f.value(stored)
	}
	if slices.Equal(values, previous) {
		return previous
	}
	return values
}

// CheckFieldSelector returns an error for a field that cannot be selected.
func (k *Kind) CheckFieldSelector(selector fields.Selector) error {
	for _, r := range selector.Requirements() {
		if r.Field == "metadata.name" || r.Field == "metadata.namespace" && (k.Namespaced() || !k.typed) || k.fieldIndex(r.Field) >= 0 {
			continue
		}
		switch {
		case len(k.Storage.fields) == 0 && k.typed:
			return fmt.Errorf("%q is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", r.Field)
		case k.GVK().Kind == "Job":
			return fmt.Errorf("field label %q not supported for Job", r.Field)
		}
		return fmt.Errorf("field label not supported: %s", r.Field)
	}
	return nil
}

// fieldIndex returns the place of a field's value in a version, -1 for none. The pods' old name spec.host is understood.
func (k *Kind) fieldIndex(name string) int {
	switch k.GR().String() {
	case "pods":
		if name == "spec.host" {
			name = "spec.nodeName"
		}
	case "events.events.k8s.io":
		name = newEventNames[name]
	}
	return slices.IndexFunc(k.Storage.fields, func(f selectable) bool { return f.name == name })
}

// MatchFields returns a function that says whether a version matches the selector, which CheckFieldSelector has accepted.
func (k *Kind) MatchFields(selector fields.Selector) func(*history.Version) bool {
	type test struct {
		value  func(*history.Version) string
		want   string
		negate bool
	}
	var tests []test
	for _, r := range selector.Requirements() {
		t := test{want: r.Value, negate: r.Operator == "!="}
		switch r.Field {
		case "metadata.name":
			t.value = func(v *history.Version) string { return v.Name }
		case "metadata.namespace":
			t.value = func(v *history.Version) string { return v.Namespace }
		default:
			i := k.fieldIndex(r.Field)
			t.value = func(v *history.Version) string { return v.Fields[i] }
		}
		tests = append(tests, t)
	}
	return func(v *history.Version) bool {
		for _, t := range tests {
			if (t.value(v) == t.want) == t.negate {
				return false
			}
		}
		return true
	}
}
