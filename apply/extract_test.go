package apply

import (
	"reflect"
	"strings"
	"testing"

	appsapi "k8s.io/api/apps/v1"
	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
)

// owns is what a server records about a manager that applies; fields are YAML.
func owns(manager, apiVersion, subresource, fields string) metav1.ManagedFieldsEntry {
	data, err := yaml.YAMLToJSON([]byte(strings.ReplaceAll(fields, "\t", "")))
	if err != nil {
		panic(err)
	}
	entry := metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: apiVersion, Subresource: subresource,
		FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{},
	}
	entry.FieldsV1.SetRawBytes(data)
	return entry
}

func liveDeployment() *appsapi.Deployment {
	d := appsv1.Deployments.New()
	d.ObjectMeta = asRead("web")
	d.Labels = map[string]string{"mine": "1", "theirs": "2"}
	d.Finalizers = []string{"example.com/mine", "example.com/theirs"}
	d.Spec = appsapi.DeploymentSpec{
		Replicas: ptr(int32(3)),
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		Template: coreapi.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web"}},
			Spec: coreapi.PodSpec{
				RestartPolicy: "Always",
				Containers: []coreapi.Container{
					{Name: "sidecar", Image: "theirs"},
					{Name: "main", Image: "mine", ImagePullPolicy: "Always", Args: []string{"-a", ""},
						Ports: []coreapi.ContainerPort{{ContainerPort: 80, Protocol: "TCP"}, {ContainerPort: 80, Protocol: "UDP"}}},
				},
				Volumes:         []coreapi.Volume{{Name: "tmp", VolumeSource: coreapi.VolumeSource{EmptyDir: &coreapi.EmptyDirVolumeSource{}}}},
				SecurityContext: &coreapi.PodSecurityContext{RunAsUser: ptr(int64(5))},
			},
		},
		Strategy: appsapi.DeploymentStrategy{Type: "RollingUpdate", RollingUpdate: &appsapi.RollingUpdateDeployment{MaxSurge: ptr(intstr.FromInt32(1))}},
	}
	d.Status = appsapi.DeploymentStatus{Replicas: 3, ReadyReplicas: 2}
	d.ManagedFields = []metav1.ManagedFieldsEntry{
		owns("me", "apps/v1", "", `
f:metadata:
  f:labels: {"f:mine": {}}
  f:finalizers: {'v:"example.com/mine"': {}}
f:spec:
  f:selector: {}
  f:template:
    f:metadata: {f:labels: {f:app: {}}}
    f:spec:
      f:securityContext: {}
      f:containers:
        'k:{"name":"main"}':
          .: {}
          f:name: {}
          f:image: {}
          f:args: {}
          f:ports:
            'k:{"containerPort":80,"protocol":"UDP"}': {.: {}, f:containerPort: {}, f:protocol: {}}
            'k:{"containerPort":81,"protocol":"UDP"}': {.: {}, f:containerPort: {}}
      f:volumes:
        'k:{"name":"tmp"}': {.: {}, f:name: {}, f:emptyDir: {}}
`),
		owns("them", "apps/v1", "", `{f:spec: {f:replicas: {}, f:template: {f:spec: {f:securityContext: {f:runAsUser: {}}}}}}`),
		owns("me", "apps/v1", "status", `{f:status: {f:readyReplicas: {}}}`),
		{Manager: "me", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "apps/v1", FieldsV1: owns("", "", "", `{f:spec: {f:paused: {}}}`).FieldsV1},
	}
	return d
}

func TestExtractReturnsWhatTheManagerHasApplied(t *testing.T) {
	live := liveDeployment()
	before := resource.Copy(live)
	mine, zeros, err := Extract(live, "me", "")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(live, before) {
		t.Error("the live object was changed")
	}
	want := `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a, labels: {mine: "1"}, finalizers: [example.com/mine]}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {}
      containers: [{name: main, image: mine, args: ["-a", ""], ports: [{containerPort: 80, protocol: UDP}]}]
      volumes: [{name: tmp, emptyDir: {}}]
`
	if data, err := Configuration(appsv1.Deployments.Definition(), mine, zeros); err != nil || !same(t, data, want) {
		t.Errorf("have %s, %v", data, err)
	}
	untyped := &unstructured.Unstructured{}
	data, err := yaml.Marshal(live)
	if err == nil {
		err = yaml.Unmarshal(data, &untyped.Object)
	}
	if err != nil {
		t.Fatal(err)
	}
	loose, zeros, err := Extract(untyped, "me", "")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := Configuration(appsv1.Deployments.Definition(), loose, zeros); err != nil || !same(t, data, want) {
		t.Errorf("have %s, %v", data, err)
	}
}

func TestExtractReturnsWhatWasAppliedAsStatus(t *testing.T) {
	mine, zeros, err := Extract(liveDeployment(), "me", "status")
	if err != nil {
		t.Fatal(err)
	}
	data, err := StatusConfiguration(appsv1.Deployments.Definition(), mine, zeros)
	if err != nil || !same(t, data, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: a}, status: {readyReplicas: 2}}`) {
		t.Errorf("have %s, %v", data, err)
	}
}

func TestAManagerThatHasAppliedNothingGetsTheName(t *testing.T) {
	mine, zeros, err := Extract(liveDeployment(), "nobody", "")
	if err != nil {
		t.Fatal(err)
	}
	want := appsv1.Deployments.New()
	want.Name, want.Namespace = "web", "a"
	if !reflect.DeepEqual(mine, want) || len(zeros.pointers) != 0 {
		t.Errorf("have %+v", mine)
	}
}

func TestWhatCannotBeExtractedIsAnErrorThatNamesTheManager(t *testing.T) {
	older, broken := liveDeployment(), liveDeployment()
	older.ManagedFields[0].APIVersion = "apps/v1beta1"
	broken.ManagedFields[0].FieldsV1.SetRawString("{")
	for want, live := range map[string]*appsapi.Deployment{
		`extract what "me" has applied of "web": that was as apps/v1beta1, but the object was read as apps/v1`: older,
		`extract what "me" has applied of "web": its managed fields cannot be read: unexpected end`:            broken,
	} {
		if _, _, err := Extract(live, "me", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v\nwant %s", err, want)
		}
	}
	unwritable := &widget{Spec: widgetSpec{Any: func() {}}}
	unwritable.ManagedFields = []metav1.ManagedFieldsEntry{owns("me", "", "", `{f:spec: {}}`)}
	if _, _, err := Extract(unwritable, "me", ""); err == nil || !strings.Contains(err.Error(), "unsupported type") {
		t.Errorf("have %v", err)
	}
}

func TestExtractedZerosKeepTheirMeaning(t *testing.T) {
	w := widgets.New()
	w.Name, w.Spec.Parts = "x", []part{{Name: "a"}, {Name: "b", Count: 1}, {Name: "c"}}
	w.ManagedFields = []metav1.ManagedFieldsEntry{owns("me", "example.com/v1", "", `
f:spec:
  f:size: {}
  f:optional: {}
  f:text: {}
  f:empty: {}
  f:port: {}
  f:when: {}
  f:set: {}
  f:parts: {'k:{"name":"a"}': {.: {}, f:name: {}, f:count: {}}, 'k:{"name":"c"}': {.: {}, f:name: {}}}
`)}
	mine, zeros, err := Extract(w, "me", "")
	if err != nil {
		t.Fatal(err)
	}
	want := `{apiVersion: example.com/v1, kind: Widget, metadata: {name: x}, spec: {size: 0, optional: 0, text: "", empty: {}, port: 0, parts: [{name: a, count: 0}, {name: c}]}}`
	if data, err := Configuration(widgets.Definition(), mine, zeros); err != nil || !same(t, data, want) {
		t.Errorf("have %s, %v", data, err)
	}
	mine.Spec.Parts = append(mine.Spec.Parts, part{Name: "new", Count: 1}) // the old elements have moved, and what was known of them
	_, err = Configuration(widgets.Definition(), mine, zeros)
	if err == nil || err.Error() != `"x": spec.parts[0].count, spec.parts[1].count are zero, which may be meant or never have been given: say which with apply.Zero or apply.Unset` {
		t.Errorf("have %v", err)
	}
}
