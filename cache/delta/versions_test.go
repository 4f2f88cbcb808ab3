package delta

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
	corev1resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// traceOf returns what a decoder leaves of an object whose spec is large.
func traceOf(t *testing.T, name string) decode.Trace {
	t.Helper()
	pod := corev1.Pod{}
	pod.Name = name
	for range 20 {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name, Image: "registry.example.com/" + name})
	}
	list := &corev1.PodList{Items: []corev1.Pod{pod}}
	list.APIVersion, list.Kind = "v1", "PodList"
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var trace decode.Trace
	decoder := decode.For(corev1resources.Pods.Definition(), decode.Shared(decode.NewTable(0)),
		decode.Previous(func(resource.Key) decode.Trace { return decode.Trace{} }))
	if _, err := decoder.List("application/json", bytes.NewReader(body), nil, func(item decode.Item) error {
		trace = item.Trace
		return nil
	}); err != nil || trace.Object() == nil {
		t.Fatalf("trace of %v, %v", trace.Object(), err)
	}
	return trace
}

func TestVersionsAreThoseThatWereTakenLast(t *testing.T) {
	type last struct {
		stamp uint64
		trace decode.Trace
	}
	traces := []decode.Trace{{}, traceOf(t, "a"), traceOf(t, "b")}
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		v, model := newVersions(random.IntN(2000)), map[uint64]last{}
		for range 3000 {
			hash := random.Uint64N(1000)
			if random.IntN(3) == 0 {
				v.forget(hash)
				delete(model, hash)
			} else {
				one := last{random.Uint64N(4), traces[random.IntN(len(traces))]}
				v.put(hash, one.stamp, one.trace)
				model[hash] = one
			}
			asked := random.Uint64N(1000)
			for stamp := range uint64(4) {
				want, there := model[asked]
				if have := v.knows(asked, stamp); have != (there && want.stamp == stamp) {
					t.Fatalf("seed %d: version %d of %d is known: %t", seed, stamp, asked, have)
				}
			}
			if v.trace(asked) != model[asked].trace {
				t.Fatalf("seed %d: another trace of %d", seed, asked)
			}
		}
		if err := v.check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if v.len() != len(model) {
			t.Fatalf("seed %d: %d versions, want %d", seed, v.len(), len(model))
		}
	}
}

func TestObjectsWithoutATraceTakeNoRoomForOne(t *testing.T) {
	v := newVersions(0)
	for hash := range uint64(3 * tracePage) {
		v.put(hash, hash, decode.Trace{})
	}
	v.put(tracePage, 1, traceOf(t, "a"))
	if v.traces[0] != nil || v.traces[1] == nil || len(v.traces) != 2 {
		t.Errorf("%d pages for one trace", len(v.traces))
	}
}
