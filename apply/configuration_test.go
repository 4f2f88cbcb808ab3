package apply

import (
	"errors"
	"math"
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
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	networkingv1 "github.com/sheaf-dev/sheaf/resource/networking/v1"
	schedulingv1 "github.com/sheaf-dev/sheaf/resource/scheduling/v1"
)

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
			ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x"}, Data: map[string][]byte{"k": []byte("hi"), "empty": {}, "nil": nil}, Immutable: ptr(false),
		}, `{apiVersion: v1, kind: Secret, metadata: {namespace: a, name: x}, data: {k: aGk=, empty: "", nil: ""}, immutable: false}`},
		"a policy that selects all pods": {networkingv1.NetworkPolicies.Definition(), &networkingapi.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "x"}, Spec: networkingapi.NetworkPolicySpec{
				PolicyTypes: []networkingapi.PolicyType{"Ingress"}, Ingress: []networkingapi.NetworkPolicyIngressRule{{From: []networkingapi.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}}}},
		}, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: a, name: x},
			spec: {policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}}`},
		"a full custom resource": {widgets.Definition(), &widget{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: widgetSpec{
			Size: 1, Optional: 2, Zero: 3, On: true, Text: "t", Set: ptr(int32(0)), Empty: map[string]string{"a": ""}, Counts: map[int]int32{5: 0},
			When: metav1.NewTime(time.Unix(1e9, 0)), At: &metav1.MicroTime{Time: time.Unix(1e9, 0)}, Data: []byte{0}, Any: map[string]any{"a": nil},
			Port: intstr.FromInt32(8), Parts: []part{{Count: 1}}, ByName: map[string]part{"a": {"b", 2}}, Inner: part{Count: 3}, Deep: &part{"c", 4},
			Bare: "b", Hidden: "h", private: "p"}},
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}, spec: {size: 1, optional: 2, zero: 3, enabled: true, text: t, set: 0, empty: {a: ""}, counts: {"5": 0},
			when: "2001-09-09T01:46:40Z", at: "2001-09-09T01:46:40.000000Z", data: AA==, any: {a: null}, port: 8, parts: [{count: 1}], byName: {a: {name: b, count: 2}},
			inner: {count: 3}, deep: {name: c, count: 4}, Bare: b}}`},
		"an unstructured object": {widgets.Definition(), &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "wrong", "metadata": map[string]any{"name": "x", "creationTimestamp": nil, "uid": "u", "managedFields": []any{}},
			"spec": map[string]any{"a": "", "b": []any{}}, "status": map[string]any{"c": int64(1)}}},
			`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}, spec: {a: "", b: []}}`},
		"metadata alone": {widgets.Definition(), &metav1.PartialObjectMetadata{ObjectMeta: asRead("x")}, "apiVersion: example.com/v1\nkind: Widget" + metadata},
	} {
		before := resource.Copy(tt.obj)
		data, err := Configuration(tt.def, tt.obj)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !same(t, data, tt.want) {
			t.Errorf("%s:\nhave %s\nwant %s", name, data, tt.want)
		}
		if !reflect.DeepEqual(before, tt.obj) {
			t.Errorf("%s: the object was changed", name)
		}
	}
}

func TestOnlyTheStatusIsAppliedAsStatus(t *testing.T) {
	w := &widget{ObjectMeta: asRead("x"), Status: widgetStatus{Ready: true, Seen: 2}} // the zeros of the spec do not matter
	for name, o := range map[string]resource.Object{"typed": w, "untyped": &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "x", "namespace": "a", "labels": map[string]any{"b": "c"}}, "spec": int64(5),
		"status": map[string]any{"ready": true, "seen": int64(2)},
	}}} {
		data, err := StatusConfiguration(widgets.Definition(), o)
		if err != nil || !same(t, data, `{apiVersion: example.com/v1, kind: Widget, metadata: {namespace: a, name: x}, status: {ready: true, seen: 2}}`) {
			t.Errorf("%s: have %s, %v", name, data, err)
		}
	}
	_, err := StatusConfiguration(appsv1.Deployments.Definition(), &appsapi.Deployment{ObjectMeta: asRead("x")})
	if err == nil || err.Error() != `"x" has no status to apply` {
		t.Errorf("have %v", err)
	}
}

func TestAZeroThatMayBeMeantIsAnErrorThatNamesIt(t *testing.T) {
	w := named()
	w.Spec.Parts, w.Spec.ByName, w.Spec.Deep = []part{{Name: "a", Count: 1}, {Name: "b"}}, map[string]part{"c.d": {Name: "e"}}, &part{}
	_, err := Configuration(widgets.Definition(), w)
	want := []string{"spec.size", "spec.enabled", "spec.parts[1].count", `spec.byName["c.d"].count`, "spec.inner.count", "spec.deep.count"}
	var ambiguous *AmbiguousError
	if !errors.As(err, &ambiguous) || !reflect.DeepEqual(ambiguous.Fields, want) {
		t.Fatalf("have %v\nwant %q", err, want)
	}
	if want := `"x": spec.size, spec.enabled, spec.parts[1].count, spec.byName["c.d"].count, spec.inner.count, spec.deep.count are zero, ` +
		`which may be meant or never have been given: say which with apply.Zero or apply.Unset`; err.Error() != want {
		t.Errorf("have %s", err)
	}
	_, err = Configuration(schedulingv1.PriorityClasses.Definition(), &schedulingapi.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "x"}})
	if err == nil || !strings.Contains(err.Error(), `"x": value is zero`) {
		t.Errorf("have %v", err)
	}
	_, err = StatusConfiguration(widgets.Definition(), w)
	if !errors.As(err, &ambiguous) || !reflect.DeepEqual(ambiguous.Fields, []string{"status.ready", "status.seen"}) {
		t.Errorf("have %v", err)
	}
}

func TestMarksSayWhatZerosMean(t *testing.T) {
	for name, tt := range map[string]struct {
		set   func(*widget)
		marks func(*widget) []Mark
		want  string // the spec
	}{
		"one by one": {nil, func(w *widget) []Mark {
			return []Mark{Zero(&w.Spec.Size, &w.Spec.Inner.Count), Unset(&w.Spec.On)}
		}, `{size: 0, inner: {count: 0}}`},
		"all at once":              {nil, func(w *widget) []Mark { return []Mark{Zero(w)} }, `{size: 0, enabled: false, inner: {count: 0}}`},
		"none at all":              {nil, func(w *widget) []Mark { return []Mark{Unset(w)} }, ``},
		"all but one":              {nil, func(w *widget) []Mark { return []Mark{Zero(&w.Spec), Unset(&w.Spec.Inner)} }, `{size: 0, enabled: false}`},
		"none but one":             {nil, func(w *widget) []Mark { return []Mark{Unset(&w.Spec), Zero(&w.Spec.Inner.Count)} }, `{inner: {count: 0}}`},
		"what is no zero is sent":  {func(w *widget) { w.Spec.Size = 5 }, func(w *widget) []Mark { return []Mark{Unset(w, &w.Spec.Size)} }, `{size: 5}`},
		"optional zeros":           {nil, func(w *widget) []Mark { return []Mark{Unset(w), Zero(&w.Spec.Optional, &w.Spec.Zero)} }, `{optional: 0, zero: 0}`},
		"an empty text":            {nil, func(w *widget) []Mark { return []Mark{Unset(w), Zero(&w.Spec.Text)} }, `{text: ""}`},
		"an empty list and map":    {nil, func(w *widget) []Mark { return []Mark{Unset(w), Zero(&w.Spec.Parts, &w.Spec.Empty, &w.Spec.Data)} }, `{parts: [], empty: {}, data: ""}`},
		"an empty struct":          {nil, func(w *widget) []Mark { return []Mark{Unset(w), Zero(&w.Spec.Inner), Unset(&w.Spec.Inner.Count)} }, `{inner: {}}`},
		"what a pointer may hold":  {nil, func(w *widget) []Mark { return []Mark{Unset(w), Zero(&w.Spec.Set, &w.Spec.Deep)} }, `{set: 0, deep: {name: "", count: 0}}`},
		"what writes its own JSON": {nil, func(w *widget) []Mark { return []Mark{Unset(w), Zero(&w.Spec.Port)} }, `{port: 0}`},
		"elements of a list": {func(w *widget) { w.Spec.Parts = make([]part, 2) }, func(w *widget) []Mark {
			return []Mark{Unset(w), Zero(&w.Spec.Parts[0].Count)}
		}, `{parts: [{count: 0}, {}]}`},
		"behind a pointer": {func(w *widget) { w.Spec.Deep = &part{} }, func(w *widget) []Mark { return []Mark{Unset(w), Zero(&w.Spec.Deep.Count)} }, `{deep: {count: 0}}`},
		"a pointer as it is": {func(w *widget) { w.Spec.Deep = &part{} }, func(w *widget) []Mark {
			return []Mark{Unset(w), Zero(w.Spec.Deep)}
		}, `{deep: {count: 0}}`},
		"values of a map": {func(w *widget) { w.Spec.ByName = map[string]part{"a": {}} }, func(w *widget) []Mark {
			return []Mark{Unset(w), Zero(&w.Spec.ByName)}
		}, `{byName: {a: {count: 0}}}`},
	} {
		w := named()
		if tt.set != nil {
			tt.set(w)
		}
		data, err := Configuration(widgets.Definition(), w, tt.marks(w)...)
		want := `{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}, spec: ` + tt.want + `}`
		if tt.want == "" {
			want = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}}`
		}
		if err != nil || !same(t, data, want) {
			t.Errorf("%s:\nhave %s, %v\nwant %s", name, data, err, want)
		}
	}
}

func TestMarksThatMakeNoSenseAreErrors(t *testing.T) {
	w, other := named(), named()
	untyped := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "x"}}}
	for want, tt := range map[string]struct {
		o    resource.Object
		mark []Mark
	}{
		`"x": argument 2 of apply.Zero is int32, want a pointer to a field of the object`:                               {w, []Mark{Zero(w, w.Spec.Size)}},
		`"x": argument 1 of apply.Unset is *int32, want a pointer to a field of the object`:                             {w, []Mark{Unset(w.Spec.Set)}},
		`"x": argument 1 of apply.Zero is <nil>, want a pointer to a field of the object`:                               {w, []Mark{Zero(nil)}},
		`"x": argument 2 of apply.Zero, a *int32, points to no field of the object that is applied`:                     {w, []Mark{Zero(w, &other.Spec.Size)}},
		`"x": argument 1 of apply.Zero, a *apply.widgetStatus, points to no field of the object that is applied`:        {w, []Mark{Unset(w), Zero(&w.Status)}},
		`"x": argument 1 of apply.Zero, a *unstructured.Unstructured, points to no field of the object that is applied`: {untyped, []Mark{Zero(untyped)}},
		`"x": argument 1 of apply.Unset is also one of apply.Zero`:                                                      {w, []Mark{Zero(&w.Spec.Size), Unset(&w.Spec.Size)}},
		`"x": spec.at: apply.Zero of a nil *v1.MicroTime, whose zero is not a value`:                                    {w, []Mark{Unset(w), Zero(&w.Spec.At)}},
		`"x": spec.when: apply.Zero of a v1.Time, whose zero is not a value`:                                            {w, []Mark{Unset(w), Zero(&w.Spec.When)}},
	} {
		if _, err := Configuration(widgets.Definition(), tt.o, tt.mark...); err == nil || err.Error() != want {
			t.Errorf("have %v\nwant %s", err, want)
		}
	}
	if _, err := StatusConfiguration(widgets.Definition(), w, Zero(&w.Status)); err != nil {
		t.Error(err)
	}
}

type odd struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	*Extra            `json:",inline"`
	More              map[float64]int `json:"more"`
	Named             map[intKey]string
	Float             *float64
	Time              *metav1.Time
}

type Extra struct {
	Level int `json:"level"`
}

type intKey int

func (k intKey) MarshalText() ([]byte, error) {
	if k < 0 {
		return nil, errors.New("below zero")
	}
	return []byte{'a' + byte(k)}, nil
}

func TestOddTypesAreAppliedAsTheirJSONSays(t *testing.T) {
	odds := resource.Define[*odd]("example.com", "v1", "odds", "Odd", resource.Cluster)
	o := &odd{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Named: map[intKey]string{1: "b"}}
	data, err := Configuration(odds.Definition(), o)
	if err != nil || !same(t, data, `{apiVersion: example.com/v1, kind: Odd, metadata: {name: x}, Named: {b: b}}`) {
		t.Errorf("have %s, %v", data, err)
	}
	o.Extra = &Extra{}
	data, err = Configuration(odds.Definition(), o, Zero(o.Extra))
	if err != nil || !same(t, data, `{apiVersion: example.com/v1, kind: Odd, metadata: {name: x}, level: 0, Named: {b: b}}`) {
		t.Errorf("have %s, %v", data, err)
	}
	for want, change := range map[string]func(*odd){
		"more: a map with keys of type float64": func(o *odd) { o.More = map[float64]int{1: 1} },
		"Named: below zero":                     func(o *odd) { o.Named = map[intKey]string{-1: ""} },
		"unsupported value: NaN":                func(o *odd) { o.Float = ptr(math.NaN()) },
	} {
		o := &odd{ObjectMeta: metav1.ObjectMeta{Name: "x"}}
		change(o)
		if _, err := Configuration(odds.Definition(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v, want %s", err, want)
		}
	}
	o = &odd{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Time: &metav1.Time{}} // its JSON is null
	if data, err := Configuration(odds.Definition(), o); err != nil || strings.Contains(string(data), "Time") {
		t.Errorf("have %s, %v", data, err)
	}
	if _, err := Configuration(odds.Definition(), (*nothingAtAll)(nil)); err == nil || !strings.Contains(err.Error(), "is no pointer to a struct") {
		t.Errorf("have %v", err)
	}
}

// nothingAtAll is an object without content.
type nothingAtAll struct{ metav1.PartialObjectMetadata }

func (*nothingAtAll) GetName() string { return "x" }
