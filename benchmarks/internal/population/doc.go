// Package population makes the objects that the server serves: always the same ones for the same workload, one at a time, so that a
// large population need not be held. Only the server knows it; the programs under test see bytes.
package population

import (
	"fmt"
	"math/rand"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/widget"
	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// Object is what a population consists of.
type Object interface {
	metav1.Object
	runtime.Object
}

// Population makes the objects of one workload.
type Population struct {
	Resource  schema.GroupVersionResource
	Kind      string
	Count     int
	protobuf  bool
	make      func(i int) Object
	touch     func(o Object, r *rand.Rand)
	scrambled bool
}

// New returns the population of a workload.
func New(w *workload.Workload) (*Population, error) {
	p := &Population{Count: w.Count, protobuf: true, touch: touchAny, scrambled: w.Replicas == 0}
	replicas := max(1, w.Replicas)
	switch w.Kind {
	case workload.Pods:
		nodes := max(1, w.Count/7)
		p.Resource, p.Kind = corev1.SchemeGroupVersion.WithResource("pods"), "Pod"
		p.make = func(i int) Object { return pod(i, replicas, nodes) }
		p.touch = func(o Object, r *rand.Rand) { touchPod(o.(*corev1.Pod), r) }
	case workload.Nodes:
		p.Resource, p.Kind = corev1.SchemeGroupVersion.WithResource("nodes"), "Node"
		p.make = func(i int) Object { return node(i) }
	case workload.EndpointSlices:
		p.Resource, p.Kind = discoveryv1.SchemeGroupVersion.WithResource("endpointslices"), "EndpointSlice"
		p.make = func(i int) Object { return slice(i) }
	case workload.Secrets:
		p.Resource, p.Kind = corev1.SchemeGroupVersion.WithResource("secrets"), "Secret"
		p.make = func(i int) Object { return secret(i) }
	case workload.ConfigMaps:
		p.Resource, p.Kind = corev1.SchemeGroupVersion.WithResource("configmaps"), "ConfigMap"
		p.make = func(i int) Object { return configMap(i) }
	case workload.Widgets:
		p.Resource, p.Kind, p.protobuf = widget.GroupVersion.WithResource(widget.Plural), widget.Name, false
		p.make = func(i int) Object { return newWidget(i, replicas) }
	default:
		return nil, fmt.Errorf("no population of %q", w.Kind)
	}
	return p, nil
}

// Protobuf says whether a server speaks protobuf for the resource.
func (p *Population) Protobuf() bool { return p.protobuf }

// Object makes object i.
func (p *Population) Object(i int) Object {
	o := p.make(i)
	if p.scrambled {
		scramble(reflect.ValueOf(o).Elem(), newDice("scramble", i))
	}
	return o
}

// Updated makes object i as it is after an update with a number.
func (p *Population) Updated(i, number int) Object {
	o := p.Object(i)
	p.touch(o, newDice("update", number).Rand)
	o.SetResourceVersion(fmt.Sprint(UpdateVersion + number))
	return o
}

// Marker makes the object whose updates tell the programs that a storm or relist is over. It is no part of the count.
func (p *Population) Marker(version int64) Object {
	o := p.make(0)
	o.SetName(MarkerName)
	o.SetUID("00000000-0000-4000-8000-000000000000")
	o.SetResourceVersion(fmt.Sprint(version))
	return o
}

const (
	// MarkerName is the name of the marker.
	MarkerName = "zz-marker"
	// UpdateVersion is below the versions of updates, and above those of the objects.
	UpdateVersion = 10_000_000
	// FirstVersion is the first version that the server gives out itself.
	FirstVersion = 100_000_000
)

// touchAny is an update of an object whose shape does not matter.
func touchAny(o Object, r *rand.Rand) {
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["bench.example.com/touched"] = letters(r, hexDigits, 16)
	o.SetAnnotations(annotations)
}
