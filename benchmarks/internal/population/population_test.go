package population

import (
	"encoding/json"
	"testing"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

func of(t *testing.T, w workload.Workload) *Population {
	t.Helper()
	p, err := New(&w)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func text(t *testing.T, o Object) string {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestThePodsHaveTheSizeOfProductionPods(t *testing.T) {
	p := of(t, workload.Workload{Kind: workload.Pods, Count: 20_000, Replicas: 40})
	protobuf, jsonSize := 0, 0
	for i := range 100 {
		data, err := p.Object(i * 200).(interface{ Marshal() ([]byte, error) }).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		protobuf += len(data) / 100
		jsonSize += len(text(t, p.Object(i*200))) / 100
	}
	if protobuf < 5_000 || protobuf > 7_000 || jsonSize < 8_000 || jsonSize > 11_000 {
		t.Errorf("a pod has %d bytes as protobuf and %d as JSON", protobuf, jsonSize)
	}
}

func TestEveryPopulationIsTheSameEachTimeAndHasNoKeyTwice(t *testing.T) {
	for _, kind := range []workload.Kind{workload.Pods, workload.Nodes, workload.EndpointSlices, workload.Secrets, workload.ConfigMaps, workload.Widgets} {
		for _, replicas := range []int{0, 4, 40} {
			w := workload.Workload{Kind: kind, Count: 200, Replicas: replicas}
			a, b := of(t, w), of(t, w)
			keys := map[string]bool{}
			for i := range w.Count {
				o := a.Object(i)
				if text(t, o) != text(t, b.Object(i)) {
					t.Fatalf("%s %d, %d replicas: two makings differ", kind, i, replicas)
				}
				keys[o.GetNamespace()+"/"+o.GetName()] = true
			}
			if len(keys) != w.Count {
				t.Errorf("%s, %d replicas: %d keys", kind, replicas, len(keys))
			}
			old, updated := a.Object(7), a.Updated(7, 3)
			if old.GetName() != updated.GetName() || old.GetUID() != updated.GetUID() || old.GetResourceVersion() == updated.GetResourceVersion() ||
				text(t, old) == text(t, updated) {
				t.Errorf("%s, %d replicas: an update makes %s of %s", kind, replicas, text(t, updated), text(t, old))
			}
		}
	}
}

func TestScrambledObjectsHaveNothingInCommonButTheirSize(t *testing.T) {
	plain, random := of(t, workload.Workload{Kind: workload.Pods, Count: 10, Replicas: 1}), of(t, workload.Workload{Kind: workload.Pods, Count: 10})
	a, b := text(t, random.Object(1)), text(t, random.Object(2))
	if size := len(text(t, plain.Object(1))); len(a) < size*8/10 || len(a) > size*12/10 {
		t.Errorf("a scrambled pod has %d bytes, a plain one %d", len(a), size)
	}
	const window = 48 // longer than the names of fields
	same := 0
	for i := 0; i+window < len(a) && i+window < len(b); i += window {
		if a[i:i+window] == b[i:i+window] {
			same++
		}
	}
	if same > 2 {
		t.Errorf("%d pieces of two scrambled pods are equal:\n%s\n%s", same, a, b)
	}
}
