package decode

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"

	sheaf "github.com/sheaf-dev/sheaf/resource"
)

// A random objects' source: every field may be set, with values that survive both wire formats where the format allows it.
func newFiller(seed int64) *randfill.Filler {
	return randfill.NewWithSeed(seed).NilChance(.3).NumElements(1, 3).MaxDepth(16).Funcs(
		func(*metav1.TypeMeta, randfill.Continue) {},
		func(*runtime.TypeMeta, randfill.Continue) {},
		func(t *metav1.Time, c randfill.Continue) {
			if c.Intn(5) > 0 {
				t.Time = time.Unix(c.Int63n(4e9)-1e9, 0)
			}
		},
		func(t *metav1.MicroTime, c randfill.Continue) {
			if c.Intn(5) > 0 {
				t.Time = time.UnixMicro(c.Int63n(4e15) - 1e15)
			}
		},
		func(q *resource.Quantity, c randfill.Continue) { *q = resource.MustParse(randomQuantity(c)) },
		func(f *metav1.FieldsV1, c randfill.Continue) { f.SetRawString(randomJSON(c)) },
		func(r *runtime.RawExtension, c randfill.Continue) { r.Raw = []byte(randomJSON(c)) },
		func(v *intstr.IntOrString, c randfill.Continue) {
			if c.Bool() {
				*v = intstr.FromInt32(int32(c.Uint32()))
			} else {
				*v = intstr.FromString(c.String(8))
			}
		},
		func(s *string, c randfill.Continue) { *s = randomString(c) },
		func(v *any, c randfill.Continue) { *v = randomAny(c, 3) },
	)
}

func randomQuantity(c randfill.Continue) string {
	suffixes := []string{"", "m", "k", "Mi", "Gi", "e3", "u", "n"}
	switch c.Intn(8) {
	case 0:
		return "0"
	case 1: // too precise for 64 bits: held by a decimal
		return fmt.Sprintf("%d%d.%d", 1+c.Int63n(1e18), c.Int63n(1e9), c.Int63n(1000))
	default:
		return fmt.Sprintf("%d%s", c.Int63n(2000)-100, suffixes[c.Intn(len(suffixes))])
	}
}

func randomJSON(c randfill.Continue) string {
	return fmt.Sprintf(`{"f:a":{"k":%d,"s":"x%dé"},"l":[true,null,1.5]}`, c.Intn(1000), c.Intn(10))
}

// randomAny returns a value without a type.
func randomAny(c randfill.Continue, depth int) any {
	kinds := 8
	if depth == 0 {
		kinds = 5
	}
	switch c.Intn(kinds) {
	case 0:
		return nil
	case 1:
		return c.Bool()
	case 2:
		return c.Int63() - 1<<62
	case 3:
		return float64(c.Intn(1000)) + .5
	case 4:
		return randomString(c)
	case 5:
		return []any{randomAny(c, depth-1), randomAny(c, depth-1)}
	default:
		return map[string]any{randomString(c): randomAny(c, depth-1), "x": randomAny(c, depth-1)}
	}
}

// randomString mixes what repeats with what does not, and what JSON must escape with what it need not.
func randomString(c randfill.Continue) string {
	switch c.Intn(6) {
	case 0:
		return ""
	case 1:
		return c.String(20)
	case 2:
		return "a\"b\\c\n<é&\u2028\U0001F600"
	default:
		return [...]string{"alpha", "beta", "gamma", "delta"}[c.Intn(4)]
	}
}

// randomObject returns a filled object of the resource, without apiVersion and kind.
func randomObject(def *sheaf.Definition, filler *randfill.Filler) sheaf.Object {
	o := reflect.New(def.GoType()).Interface().(sheaf.Object)
	if def == widgetDef { // it contains itself in several ways
		filler.MaxDepth(9)
		defer filler.MaxDepth(16)
	}
	filler.Fill(o)
	return o
}

// exactly compares as reflect.DeepEqual does, but for values that have several representations in memory.
var exactly = conversion.EqualitiesOrDie(
	func(a, b resource.Quantity) bool {
		return a.Cmp(b) == 0 && a.Format == b.Format && a.String() == b.String()
	},
	func(a, b metav1.Time) bool { return a.Time.Equal(b.Time) && a.Location() == b.Location() },
	func(a, b metav1.MicroTime) bool { return a.Time.Equal(b.Time) && a.Location() == b.Location() },
)

func mustEqual(t *testing.T, want, have any) {
	t.Helper()
	if !exactly.DeepEqualWithNilDifferentFromEmpty(want, have) {
		t.Fatalf("want %#v\nhave %#v", want, have)
	}
}

// planned decodes by the plan alone.
func planned(d *Decoder, e encoded) (sheaf.Object, error) {
	o, _, err := d.decodePlanned(e, nil)
	return o, err
}
