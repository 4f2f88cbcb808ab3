package typed

import (
	"strings"
	"testing"

	appsapi "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apply"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
)

type widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              widgetSpec `json:"spec"`
	Status            struct {
		Ready bool `json:"ready"`
	} `json:"status"`
}

type widgetSpec struct {
	Size int32  `json:"size"`
	Text string `json:"text"`
}

var widgets = resource.Define[*widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)

func TestOnlyTheStatusIsAppliedAsStatus(t *testing.T) {
	s, client := answering(t, `{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"namespace":"a","name":"x"}}`)
	w := &widget{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x", Labels: map[string]string{"b": "c"}}}
	if _, err := For(client, widgets).ApplyStatus(t.Context(), w, metav1.ApplyOptions{FieldManager: "me"}, apply.Zero(&w.Status)); err != nil {
		t.Fatal(err)
	}
	want := `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x","namespace":"a"},"status":{"ready":false}}`
	if s.body != want || s.contentSent != "application/apply-patch+yaml" || s.request != "PATCH /apis/example.com/v1/namespaces/a/widgets/x/status?fieldManager=me&force=false" {
		t.Errorf("sent %s %s %s", s.request, s.contentSent, s.body)
	}
}

func TestWhatIsSetIsApplied(t *testing.T) {
	s, client := answering(t, `{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"namespace":"a","name":"x","uid":"u"}}`)
	w := &widget{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: widgetSpec{Text: "t"}}
	got, err := For(client, widgets).Namespace("a").Apply(t.Context(), w, metav1.ApplyOptions{FieldManager: "me", Force: true}, apply.Zero(&w.Spec.Size))
	if err != nil || got.UID != "u" {
		t.Fatal(got, err)
	}
	want := `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x"},"spec":{"size":0,"text":"t"}}`
	if s.body != want || s.contentSent != "application/apply-patch+yaml" || s.request != "PATCH /apis/example.com/v1/namespaces/a/widgets/x?fieldManager=me&force=true" {
		t.Errorf("sent %s %s %s", s.request, s.contentSent, s.body)
	}
}

func TestASubresourceIsAppliedByItself(t *testing.T) {
	s, client := answering(t, `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"namespace":"a","name":"x"},"spec":{"replicas":3}}`)
	scale := scales.New()
	scale.Name = "x"
	c := SubresourceOf(For(client, appsv1.Deployments).Namespace("a"), "scale", scales)
	for want, marks := range map[string][]apply.Mark{
		`{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"x"},"spec":{"replicas":0}}`: {apply.Zero(&scale.Spec.Replicas)},
		`{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"x"}}`:                       nil,
	} {
		got, err := c.Apply(t.Context(), scale, metav1.ApplyOptions{FieldManager: "me", Force: true}, marks...)
		if err != nil || got.Spec.Replicas != 3 {
			t.Errorf("got %v, %v", got, err)
		}
		if s.body != want || s.contentSent != "application/apply-patch+yaml" || s.request != "PATCH /apis/apps/v1/namespaces/a/deployments/x/scale?fieldManager=me&force=true" {
			t.Errorf("sent %s %s %s", s.request, s.contentSent, s.body)
		}
	}
}

func TestAnApplyThatCannotWorkIsNotSent(t *testing.T) {
	s, client := answering(t, "")
	c, ctx := For(client, appsv1.Deployments).Namespace("a"), t.Context()
	me := metav1.ApplyOptions{FieldManager: "me"}
	for want, do := range map[string]func() error{
		"apply deployments.apps/v1: the object has no name": func() error { _, err := c.Apply(ctx, &appsapi.Deployment{}, me); return err },
		`the options for "x" name no field manager`: func() error {
			_, err := c.Apply(ctx, &appsapi.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.ApplyOptions{})
			return err
		},
		`apply widgets.example.com/v1: "x": spec.size is zero`: func() error {
			_, err := For(client, widgets).Namespace("a").Apply(ctx, &widget{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, me)
			return err
		},
		`"x" has no status to apply`: func() error {
			_, err := c.ApplyStatus(ctx, &appsapi.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, me)
			return err
		},
		"apply scales.autoscaling/v1: the object has no name": func() error {
			_, err := SubresourceOf(c, "scale", scales).Apply(ctx, scales.New(), me)
			return err
		},
		"apply deployments.apps/v1/log: the resource does not offer this": func() error {
			_, err := SubresourceOf(c, "log", scales).Apply(ctx, scales.New(), me)
			return err
		},
		`the object is in namespace "b", the client in "a"`: func() error {
			_, err := c.Apply(ctx, &appsapi.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "b"}}, me)
			return err
		},
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if s.sent != 0 {
		t.Errorf("%d requests were sent", s.sent)
	}
}
