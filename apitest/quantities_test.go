package apitest_test

import (
	"reflect"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	apps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// podWithUnwrittenQuantities has quantities behind pointers that note their text when they are encoded.
func podWithUnwrittenQuantities() *corev1.Pod {
	divisor := quantity.NewQuantity(1, quantity.DecimalSI)
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p"}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "c", Env: []corev1.EnvVar{{Name: "CPU", ValueFrom: &corev1.EnvVarSource{
			ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.cpu", Divisor: *divisor}}}}}},
		Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: quantity.NewQuantity(1<<30, quantity.BinarySI)}}}},
	}}
}

func leavesNoTrace[T resource.Object](t *testing.T, srv *apitest.Server, r resource.Resource[T], obj T) {
	before := resource.Copy(obj)
	if err := apitest.In(srv, r).Put(obj); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(obj, before) {
		t.Fatalf("Put changed %T to %+v", obj, obj)
	}
}

func TestPutLeavesNoTraceInTheObject(t *testing.T) {
	srv := apitest.New(withWidget)
	w := widgets.New()
	w.Namespace, w.Name = "default", "w"
	leavesNoTrace(t, srv, resources.Pods, podWithUnwrittenQuantities())
	leavesNoTrace(t, srv, resources.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"a": "b"}}})
	leavesNoTrace(t, srv, apps.ControllerRevisions, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "r"}, Data: runtime.RawExtension{Raw: []byte(`{}`)}})
	leavesNoTrace(t, srv, resources.PersistentVolumes, &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "v"}, Spec: corev1.PersistentVolumeSpec{Capacity: corev1.ResourceList{"storage": *quantity.NewQuantity(1<<30, quantity.BinarySI)}}})
	leavesNoTrace(t, srv, widgets, w)
}

// The race detector watches.
func TestOneObjectMayBePutOnManyServersAtOnce(t *testing.T) {
	pod := podWithUnwrittenQuantities()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			srv := apitest.New(apitest.Options{})
			if err := apitest.In(srv, resources.Pods).Put(pod); err != nil {
				t.Error(err)
			}
			if got, err := apitest.In(srv, resources.Pods).Get(resource.KeyOf(pod)); err != nil || got.Spec.Volumes[0].EmptyDir.SizeLimit.String() != "1Gi" {
				t.Error(got, err)
			}
		})
	}
	wg.Wait()
}
