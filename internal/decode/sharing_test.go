package decode

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"unsafe"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// memory calls found with each piece of memory that a value consists of and that could be written to: what pointers point to, the arrays of
// slices, maps.
func memory(v reflect.Value, found func(p unsafe.Pointer, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem().Size() > 0 && v.Type().String() != "*time.Location" {
			found(v.UnsafePointer(), v)
			memory(v.Elem(), found)
		}
	case reflect.Interface:
		memory(v.Elem(), found)
	case reflect.Slice:
		if v.Len() > 0 {
			found(v.UnsafePointer(), v)
		}
		for i := range v.Len() {
			memory(v.Index(i), found)
		}
	case reflect.Map:
		if !v.IsNil() {
			found(v.UnsafePointer(), v)
		}
		for it := v.MapRange(); it.Next(); {
			memory(it.Value(), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			memory(v.Field(i), found)
		}
	}
}

// sharedMemory returns the types of what two objects have in common.
func sharedMemory(a, b any) map[string]int {
	of := map[unsafe.Pointer]bool{}
	memory(reflect.ValueOf(a), func(p unsafe.Pointer, _ reflect.Value) { of[p] = true })
	shared := map[string]int{}
	memory(reflect.ValueOf(b), func(p unsafe.Pointer, v reflect.Value) {
		if of[p] {
			shared[v.Type().String()]++
		}
	})
	return shared
}

func TestPrivateObjectsHaveNothingInCommon(t *testing.T) {
	for _, def := range append(builtin.Definitions(), widgetDef, mapDef) {
		source := def
		if def == mapDef {
			source = podDef
		}
		for _, f := range formatsOf(def) {
			raw := bytesOf(t, f, randomObject(source, newFiller(1)))
			a, err := For(def).decode(encodedOf(f, raw))
			if err != nil {
				t.Fatal(err)
			}
			b, err := For(def).decode(encodedOf(f, raw))
			if err != nil {
				t.Fatal(err)
			}
			if shared := sharedMemory(a, b); len(shared) > 0 {
				t.Errorf("%s, %s: %v", def, mediaTypeOf(f), shared)
			}
		}
	}
}

func TestSharedSlicesHaveNoSpareCapacity(t *testing.T) {
	for _, def := range append(builtin.Definitions(), widgetDef, mapDef) {
		source := def
		if def == mapDef {
			source = podDef
		}
		for _, f := range formatsOf(def) {
			table := NewTable(0)
			raw := bytesOf(t, f, randomObject(source, newFiller(2)))
			for range 3 {
				o, err := For(def, Shared(table)).decode(encodedOf(f, raw))
				if err != nil {
					t.Fatal(err)
				}
				memory(reflect.ValueOf(o), func(_ unsafe.Pointer, v reflect.Value) {
					if v.Kind() == reflect.Slice && v.Cap() != v.Len() && v.Type().String() != "big.nat" { // of a decimal
						t.Errorf("%s, %s: %s has length %d and capacity %d", def, mediaTypeOf(f), v.Type(), v.Len(), v.Cap())
					}
				})
			}
		}
	}
}

func TestEqualPartsOfProductionPodsAreShared(t *testing.T) {
	pods := productionPods(40, 40)
	for _, f := range []format{formatProtobuf, formatJSON} {
		d := For(podDef, Shared(NewTable(0)))
		var objects []resource.Object
		for _, pod := range pods {
			o, err := d.decode(encodedOf(f, bytesOf(t, f, pod)))
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, o)
		}
		shared := sharedMemory(objects[38], objects[39])
		for _, want := range []string{"map[string]string", "[]v1.EnvVar", "[]v1.OwnerReference", "*v1.Probe", "*v1.SecurityContext", "[]v1.Toleration", "v1.ResourceList", "*v1.FieldsV1", "*bool", "*int32"} {
			if shared[want] == 0 {
				t.Errorf("%s: no %s is shared, only %v", mediaTypeOf(f), want, shared)
			}
		}
	}
}

func TestDecimalsAreNeverShared(t *testing.T) {
	quota := &corev1.ResourceQuota{}
	quota.Spec.Hard = corev1.ResourceList{"cpu": apiresource.MustParse("123456789012345678901234567890"), "memory": apiresource.MustParse("1Gi")}
	def, _ := builtin.ForResource(corev1.SchemeGroupVersion.WithResource("resourcequotas"))
	for _, f := range []format{formatProtobuf, formatJSON} {
		d := For(def, Shared(NewTable(0)))
		read := func() *corev1.ResourceQuota {
			o, err := d.decode(encodedOf(f, bytesOf(t, f, quota)))
			if err != nil {
				t.Fatal(err)
			}
			return o.(*corev1.ResourceQuota)
		}
		read()
		first, second := read(), read()
		cpu := first.Spec.Hard["cpu"] // a copy, but arithmetic reaches the decimal behind it
		cpu.Add(apiresource.MustParse("1"))
		if got, want := second.Spec.Hard["cpu"], quota.Spec.Hard["cpu"]; got.Cmp(want) != 0 {
			t.Errorf("%s: %s became %s", mediaTypeOf(f), want.String(), got.String())
		}
	}
}

// TestSharedObjectsMayBeReadByMany is for the race detector: while new versions of pods are decoded, which take parts from the old ones and from each
// other, everybody reads old and new ones in every way.
func TestSharedObjectsMayBeReadByMany(t *testing.T) {
	for _, f := range []format{formatProtobuf, formatJSON} {
		h := &holder{}
		d := For(podDef, Shared(NewTable(0)), h.option())
		objects := make(chan *corev1.Pod, 64)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for pod := range objects {
					readEverything(t, pod)
				}
			})
		}
		var held []*corev1.Pod
		var pods []*corev1.Pod
		for i, pod := range productionPods(20, 10) {
			h.trace = Trace{}
			for version := range 3 {
				pod = pod.DeepCopy()
				pod.ResourceVersion, pod.Status.PodIP = fmt.Sprint(version), fmt.Sprint("10.0.0.", i+version)
				o, trace, err := h.next(d, f, bytesOf(t, f, pod))
				if err != nil || trace.Object() != o {
					t.Fatal(trace, err)
				}
				h.trace = trace
				pods, held = append(pods, pod), append(held, o.(*corev1.Pod))
				for range 4 {
					objects <- o.(*corev1.Pod)
				}
			}
		}
		close(objects)
		wg.Wait()
		for i, pod := range pods {
			want, err := official(t, podDef, f, bytesOf(t, f, pod))
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, want, held[i])
		}
	}
}

// readEverything reads a pod in the ways that a handler may.
func readEverything(t *testing.T, pod *corev1.Pod) {
	_ = pod.String()
	if _, err := pod.Marshal(); err != nil {
		t.Error(err)
	}
	if _, err := json.Marshal(pod); err != nil {
		t.Error(err)
	}
	copied := pod.DeepCopy()
	copied.Labels["a"] = "b"
	copied.Spec.Containers[0].Env[0].Name = "changed"
	for _, c := range pod.Spec.Containers {
		cpu, memory := c.Resources.Requests["cpu"], c.Resources.Limits["memory"]
		cpu.Add(memory)
		_ = cpu.String()
		_ = c.Resources.Requests.Cpu().MilliValue()
	}
	for _, v := range pod.Spec.Volumes {
		if v.EmptyDir != nil {
			_, _ = v.EmptyDir.SizeLimit.String(), v.EmptyDir.SizeLimit.Value()
			limit := v.EmptyDir.SizeLimit.DeepCopy()
			limit.Sub(apiresource.MustParse("1Mi"))
		}
	}
	_ = append(pod.Spec.Tolerations, corev1.Toleration{Key: "mine"})
}

func TestObjectsWithoutATypeMayBeReadByMany(t *testing.T) {
	h := &holder{}
	d := For(mapDef, Shared(NewTable(0)), h.option())
	var wg sync.WaitGroup
	for _, pod := range productionPods(20, 10) {
		h.trace = Trace{}
		for version := range 3 {
			pod.ResourceVersion = fmt.Sprint(version)
			o, trace, err := h.next(d, formatJSON, bytesOf(t, formatJSON, pod))
			if err != nil || trace.Object() != o {
				t.Fatal(trace, err)
			}
			h.trace = trace
			wg.Go(func() {
				u := o.(*unstructured.Unstructured)
				if _, err := u.MarshalJSON(); err != nil {
					t.Error(err)
				}
				copied := u.DeepCopy()
				copied.SetLabels(map[string]string{"a": "b"})
				copied.Object["spec"].(map[string]any)["nodeName"] = "changed"
				_ = u.GetOwnerReferences()
				_ = fmt.Sprint(u.Object)
			})
		}
	}
	wg.Wait()
}

// TestObjectsSharedByStructureMayBeReadByMany is for the race detector, too: what a transform has left is shared while others read it.
func TestObjectsSharedByStructureMayBeReadByMany(t *testing.T) {
	table := NewTable(0)
	var wg sync.WaitGroup
	var held []*corev1.Pod
	for _, pod := range productionPods(40, 10) {
		o, err := For(podDef).decode(encodedOf(formatProtobuf, bytesOf(t, formatProtobuf, pod)))
		if err != nil {
			t.Fatal(err)
		}
		o.SetAnnotations(map[string]string{"transformed": "yes"})
		table.Share(o)
		held = append(held, o.(*corev1.Pod))
		wg.Go(func() { readEverything(t, o.(*corev1.Pod)) })
	}
	wg.Wait()
	// Where a random hash puts them, the variables of one deployment may find no room, but hardly those of all four.
	for i := range len(held) - 1 {
		if sharedMemory(held[i], held[i+1])["[]v1.EnvVar"] > 0 {
			return
		}
	}
	t.Error("nothing is shared")
}

func TestPlanIsCompiledByManyAtOnce(t *testing.T) {
	pods := productionPods(4, 2)
	for _, f := range []format{formatProtobuf, formatJSON} {
		plans.Clear()
		table := NewTable(0)
		var wg sync.WaitGroup
		for i := range 8 {
			pod := pods[i%len(pods)]
			raw := bytesOf(t, f, pod)
			want, err := official(t, podDef, f, raw)
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				opts := [][]Option{nil, {Shared(table)}}[i/len(pods)]
				have, err := For(podDef, opts...).decode(encodedOf(f, raw))
				if err != nil || !exactly.DeepEqualWithNilDifferentFromEmpty(want, have) {
					t.Errorf("%v: want %v, have %v", err, want, have)
				}
			})
		}
		wg.Wait()
	}
}
