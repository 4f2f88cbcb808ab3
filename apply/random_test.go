package apply

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"

	"github.com/sheaf-dev/sheaf/resource"
	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// newFiller fills objects with much that is empty.
func newFiller(seed int64) *randfill.Filler {
	return randfill.NewWithSeed(seed).NilChance(.4).NumElements(0, 3).MaxDepth(14).Funcs(
		func(*metav1.TypeMeta, randfill.Continue) {},
		func(*metav1.FieldsV1, randfill.Continue) {},
		func(t *metav1.Time, c randfill.Continue) { t.Time = time.Unix(c.Int63n(2), 0) },
		func(t *metav1.MicroTime, c randfill.Continue) { t.Time = time.Unix(c.Int63n(2), 0) },
		func(q *quantity.Quantity, c randfill.Continue) { *q = quantity.MustParse(fmt.Sprint(c.Intn(3))) },
		func(r *runtime.RawExtension, c randfill.Continue) { r.Raw = fmt.Appendf(nil, `{"a":%d}`, c.Intn(3)) },
		func(v *intstr.IntOrString, c randfill.Continue) { *v = intstr.FromInt32(int32(c.Intn(2))) },
		func(s *string, c randfill.Continue) { *s = [...]string{"", "a", "b"}[c.Intn(3)] },
		func(n *int32, c randfill.Continue) { *n = int32(c.Intn(3)) },
		func(n *int64, c randfill.Continue) { *n = int64(c.Intn(3)) },
	)
}

// setOf is what a server records about an applied configuration, if all structs and maps are owned piece by piece and all lists as a whole.
func setOf(content any) map[string]any {
	out := map[string]any{}
	if fields, ok := content.(map[string]any); ok {
		for name, inside := range fields {
			out["f:"+name] = setOf(inside)
		}
	}
	return out
}

// seeds is how many objects of each type are tried.
const seeds = int64(2)

// What is applied, extracted, and applied again is the same, for every built-in type and whatever its fields hold.
func TestWhatIsExtractedAppliesAgain(t *testing.T) {
	for i, def := range builtin.Definitions() {
		for seed := range seeds {
			seed += int64(i) * seeds
			filled, o := def.New(), def.New()
			newFiller(seed).Fill(filled)
			filled.SetName("x")
			written, err := json.Marshal(filled)
			if err == nil {
				err = json.Unmarshal(written, o) // an unset quantity is now the quantity "0", as with every object that was read
			}
			if err != nil {
				t.Fatal(err)
			}
			first, err := Configuration(def, o, Zero(o))
			if err != nil {
				t.Fatalf("%s: %v", def, err)
			}
			var content map[string]any
			live := def.New()
			if err := json.Unmarshal(first, &content); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(first, live); err != nil {
				t.Fatal(err)
			}
			delete(content, "apiVersion")
			delete(content, "kind")
			fields, err := json.Marshal(setOf(content))
			if err != nil {
				t.Fatal(err)
			}
			live.SetManagedFields([]metav1.ManagedFieldsEntry{owns("me", def.GroupVersionKind().GroupVersion().String(), "", string(fields))})
			mine, zeros, err := Extract(live, "me", "")
			if err != nil {
				t.Fatalf("%s: %v", def, err)
			}
			second, err := Configuration(def, mine, zeros)
			if err != nil || string(second) != string(first) {
				t.Errorf("%s, seed %d: %v\nfirst  %s\nsecond %s", def, seed, err, difference(first, second), difference(second, first))
			}
			if again, err := Configuration(def, resource.Copy(live), Zero(live)); err == nil {
				t.Errorf("%s: marks of one object worked for another: %s", def, again)
			}
		}
	}
}

// However the type is made, and whatever its tags lack, nothing of an object that has only a name is sent.
func TestOfAnObjectThatHasOnlyANameNothingElseIsSent(t *testing.T) {
	for _, def := range builtin.Definitions() {
		o := def.New()
		o.SetName("x")
		version, kind := def.GroupVersionKind().ToAPIVersionAndKind()
		want := fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"metadata":{"name":"x"}}`, version, kind)
		if got, err := Configuration(def, o, Unset(o)); err != nil || string(got) != want {
			t.Errorf("%s: sent %s, %v", def, got, err)
		}
		var ambiguous *AmbiguousError
		if got, err := Configuration(def, o); !errors.As(err, &ambiguous) && (err != nil || string(got) != want) {
			t.Errorf("%s: sent %s, %v", def, got, err)
		}
	}
}

// difference is where a differs from b, with what is around.
func difference(a, b []byte) []byte {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return a[max(0, i-60):min(len(a), i+60)]
}
