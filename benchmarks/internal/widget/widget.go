// Package widget is the Go type of the custom resource that both sides read: a release with its steps, targets and conditions, as
// delivery controllers have them. Its deep copies are written as the usual generator writes them.
package widget

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The names of the resource.
const (
	Group   = "bench.example.com"
	Version = "v1"
	Plural  = "widgets"
	Name    = "Widget"
)

// GroupVersion is the resource's.
var GroupVersion = schema.GroupVersion{Group: Group, Version: Version}

// Widget is one custom object.
type Widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   Spec   `json:"spec"`
	Status Status `json:"status,omitempty"`
}

// Spec is what is wanted.
type Spec struct {
	Replicas   *int32               `json:"replicas,omitempty"`
	Paused     bool                 `json:"paused,omitempty"`
	Selector   metav1.LabelSelector `json:"selector"`
	Image      string               `json:"image"`
	Parameters map[string]string    `json:"parameters,omitempty"`
	Targets    []Target             `json:"targets,omitempty"`
	Steps      []Step               `json:"steps,omitempty"`
}

// Target is where something goes.
type Target struct {
	Cluster   string   `json:"cluster"`
	Namespace string   `json:"namespace"`
	Weight    int64    `json:"weight"`
	Hosts     []string `json:"hosts,omitempty"`
}

// Step is one step of a rollout.
type Step struct {
	Name         string            `json:"name"`
	Percent      int32             `json:"percent"`
	PauseSeconds *int64            `json:"pauseSeconds,omitempty"`
	Checks       map[string]string `json:"checks,omitempty"`
}

// Status is what is observed.
type Status struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Phase              string             `json:"phase,omitempty"`
	Ready              int32              `json:"ready,omitempty"`
	Checksum           string             `json:"checksum,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// List is a list of widgets.
type List struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Widget `json:"items"`
}

// AddToScheme makes the types known to a scheme.
func AddToScheme(s *runtime.Scheme) {
	s.AddKnownTypeWithName(GroupVersion.WithKind(Name), &Widget{})
	s.AddKnownTypeWithName(GroupVersion.WithKind(Name+"List"), &List{})
	metav1.AddToGroupVersion(s, GroupVersion)
}

// DeepCopyObject copies the widget.
func (w *Widget) DeepCopyObject() runtime.Object {
	out := *w
	w.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec = w.Spec.copy()
	out.Status.Conditions = copySlice(w.Status.Conditions, func(c *metav1.Condition) metav1.Condition { return *c.DeepCopy() })
	return &out
}

// DeepCopyObject copies the list.
func (l *List) DeepCopyObject() runtime.Object {
	out := *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = copySlice(l.Items, func(w *Widget) Widget { return *w.DeepCopyObject().(*Widget) })
	return &out
}

func (s Spec) copy() Spec {
	s.Replicas = copyPointer(s.Replicas)
	s.Selector = *s.Selector.DeepCopy()
	s.Parameters = copyMap(s.Parameters)
	s.Targets = copySlice(s.Targets, func(t *Target) Target {
		out := *t
		out.Hosts = copySlice(t.Hosts, func(h *string) string { return *h })
		return out
	})
	s.Steps = copySlice(s.Steps, func(step *Step) Step {
		out := *step
		out.PauseSeconds, out.Checks = copyPointer(step.PauseSeconds), copyMap(step.Checks)
		return out
	})
	return s
}

func copyPointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

func copyMap(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func copySlice[T any](in []T, copy func(*T) T) []T {
	if in == nil {
		return nil
	}
	out := make([]T, len(in))
	for i := range in {
		out[i] = copy(&in[i])
	}
	return out
}
