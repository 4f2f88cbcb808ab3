package typed

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	appsapi "k8s.io/api/apps/v1"
	coreapi "k8s.io/api/core/v1"
	networkingapi "k8s.io/api/networking/v1"
	schedulingapi "k8s.io/api/scheduling/v1"
	apiquantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	networkingv1 "github.com/sheaf-dev/sheaf/resource/networking/v1"
	schedulingv1 "github.com/sheaf-dev/sheaf/resource/scheduling/v1"
)

func ptr[T any](v T) *T { return &v }

// asRead is what a server sends, with all that it fills in.
func asRead(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "a", Name: name, UID: "u", ResourceVersion: "5", Generation: 3, GenerateName: "x-",
		CreationTimestamp: metav1.NewTime(time.Unix(1e9, 0)), DeletionTimestamp: &metav1.Time{Time: time.Unix(1e9, 0)}, DeletionGracePeriodSeconds: ptr(int64(5)),
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "me"}},
		Labels:        map[string]string{"role": ""}, Annotations: map[string]string{}, Finalizers: []string{"f"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "o", UID: types.UID("ou"), Controller: ptr(false)}},
	}
}

type widgetSpec struct {
	Size     int32             `json:"size"`
	Optional int32             `json:"optional,omitempty"`
	Zero     int64             `json:"zero,omitzero"`
	On       bool              `json:"enabled"`
	Text     string            `json:"text"`
	Set      *int32            `json:"set"`
	Unset    *int32            `json:"unset"`
	Empty    map[string]string `json:"empty"`
	Counts   map[int]int32     `json:"counts"`
	When     metav1.Time       `json:"when"`
	At       *metav1.MicroTime `json:"at"`
	Data     []byte            `json:"data"`
	Any      any               `json:"any"`
	Bare     string
	Hidden   string `json:"-"`
	private  string
}

type widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              widgetSpec `json:"spec"`
	Status            struct {
		Ready bool `json:"ready"`
	} `json:"status"`
}

var widgets = resource.Define[*widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)

func TestOnlyWhatIsSetIsApplied(t *testing.T) {
	metadata := `
metadata:
  namespace: a
  name: x
  labels: {role: ""}
  finalizers: [f]
  ownerReferences: [{apiVersion: v1, kind: Pod, name: o, uid: ou, controller: false}]
`
	for name, tt := range map[string]struct {
		def  *resource.Definition
		obj  resource.Object
		want string
	}{
		"a deployment": {appsv1.Deployments.Definition(), &appsapi.Deployment{
			ObjectMeta: asRead("x"),
			Spec: appsapi.DeploymentSpec{
				Replicas: ptr(int32(0)),
				Template: coreapi.PodTemplateSpec{Spec: coreapi.PodSpec{
					Containers: []coreapi.Container{{
						Name:          "main",
						Env:           []coreapi.EnvVar{{Name: "EMPTY"}},
						Args:          []string{"", "x"},
						Ports:         []coreapi.ContainerPort{{ContainerPort: 80}},
						Resources:     coreapi.ResourceRequirements{Limits: coreapi.ResourceList{"cpu": apiquantity.MustParse("0")}},
						LivenessProbe: &coreapi.Probe{ProbeHandler: coreapi.ProbeHandler{HTTPGet: &coreapi.HTTPGetAction{Port: intstr.FromString("web")}}},
					}},
					Volumes:         []coreapi.Volume{{Name: "v", VolumeSource: coreapi.VolumeSource{EmptyDir: &coreapi.EmptyDirVolumeSource{}}}},
					SecurityContext: &coreapi.PodSecurityContext{RunAsNonRoot: ptr(false)},
				}},
			},
			Status: appsapi.DeploymentStatus{Replicas: 7},
		}, "apiVersion: apps/v1\nkind: Deployment" + metadata + `
spec:
  replicas: 0
  template:
    spec:
      containers:
      - name: main
        env: [{name: EMPTY}]
        args: ["", x]
        ports: [{containerPort: 80}]
        resources: {limits: {cpu: "0"}}
        livenessProbe: {httpGet: {port: web}}
      volumes: [{name: v, emptyDir: {}}]
      securityContext: {runAsNonRoot: false}
`},
		"a secret": {corev1.Secrets.Definition(), &coreapi.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x"}, Data: map[string][]byte{"k": []byte("hi"), "empty": {}}, Immutable: ptr(false),
		}, `{apiVersion: v1, kind: Secret, metadata: {namespace: a, name: x}, data: {k: aGk=, empty: ""}, immutable: false}`},
		"a policy that selects all pods": {networkingv1.NetworkPolicies.Definition(), &networkingapi.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x"}, Spec: networkingapi.NetworkPolicySpec{
				PolicyTypes: []networkingapi.PolicyType{"Ingress"}, Ingress: []networkingapi.NetworkPolicyIngressRule{{From: []networkingapi.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}}}},
		}, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: a, name: x},
			spec: {policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}}`},
		"a priority of zero": {schedulingv1.PriorityClasses.Definition(), &schedulingapi.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "x"}},
			`{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: x}, value: 0}`},
		"an empty custom resource": {widgets.Definition(), &widget{ObjectMeta: metav1.ObjectMeta{Name: "x"}},
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}, spec: {size: 0, enabled: false}}`},
		"a full custom resource": {widgets.Definition(), &widget{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: widgetSpec{
			Size: 1, Optional: 2, Zero: 3, On: true, Text: "t", Set: ptr(int32(0)), Empty: map[string]string{"a": ""}, Counts: map[int]int32{5: 0},
			When: metav1.NewTime(time.Unix(1e9, 0)), At: &metav1.MicroTime{Time: time.Unix(1e9, 0)}, Data: []byte{0}, Any: map[string]any{"a": nil}, Bare: "b", Hidden: "h", private: "p"}},
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}, spec: {size: 1, optional: 2, zero: 3, enabled: true, text: t, set: 0, empty: {a: ""}, counts: {"5": 0},
			when: "2001-09-09T01:46:40Z", at: "2001-09-09T01:46:40.000000Z", data: AA==, any: {a: null}, Bare: b}}`},
		"an unstructured object": {widgets.Definition(), &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "wrong", "metadata": map[string]any{"name": "x", "creationTimestamp": nil, "uid": "u", "managedFields": []any{}},
			"spec": map[string]any{"a": "", "b": []any{}}, "status": map[string]any{"c": int64(1)}}},
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}, spec: {a: "", b: []}}`},
		"metadata alone": {widgets.Definition(), &metav1.PartialObjectMetadata{ObjectMeta: asRead("x")}, "apiVersion: example.com/v1\nkind: Widget" + metadata},
	} {
		before := resource.Copy(tt.obj)
		data, err := applied(tt.def, tt.obj, spec)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got, want any
		if err := json.Unmarshal(data, &got); err != nil {
			t.Errorf("%s: %v in %s", name, err, data)
		}
		if err := yaml.Unmarshal([]byte(strings.ReplaceAll(tt.want, "\t", "")), &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, want)
		}
		if !reflect.DeepEqual(before, tt.obj) {
			t.Errorf("%s: the object was changed", name)
		}
	}
}

func TestOnlyTheStatusIsAppliedAsStatus(t *testing.T) {
	s, client := answering(t, `{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"namespace":"a","name":"x"}}`)
	w := &widget{ObjectMeta: asRead("x"), Spec: widgetSpec{Size: 5}}
	if _, err := For(client, widgets).ApplyStatus(t.Context(), w, metav1.ApplyOptions{FieldManager: "me"}); err != nil {
		t.Fatal(err)
	}
	want := `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x","namespace":"a"},"status":{"ready":false}}`
	if s.body != want || s.contentSent != "application/apply-patch+yaml" || s.request != "PATCH /apis/example.com/v1/namespaces/a/widgets/x/status?fieldManager=me&force=false" {
		t.Errorf("sent %s %s %s", s.request, s.contentSent, s.body)
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
		`"x" has no status to apply`: func() error {
			_, err := c.ApplyStatus(ctx, &appsapi.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, me)
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
