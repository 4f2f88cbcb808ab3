package decode

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	sheaf "github.com/sheaf-dev/sheaf/resource"
)

// Custom types of every kind that users write, the plain and the strange.

// widget is what most custom resources look like, with every kind of field that plans cover.
type widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              widgetSpec   `json:"spec"`
	Status            *widgetState `json:"status,omitempty"`
}

type widgetSpec struct {
	Text     string                       `json:"text,omitempty"`
	Flag     bool                         `json:"flag"`
	FlagP    *bool                        `json:"flagP"`
	I8       int8                         `json:"i8"`
	I16      int16                        `json:"i16"`
	I        int                          `json:"i"`
	I32P     *int32                       `json:"i32P"`
	I64P     *int64                       `json:"i64P"`
	U8       uint8                        `json:"u8"`
	U64      uint64                       `json:"u64"`
	F32      float32                      `json:"f32"`
	F64P     *float64                     `json:"f64P"`
	TextP    *string                      `json:"textP"`
	TextPP   **string                     `json:"textPP"`
	Bytes    []byte                       `json:"bytes"`
	Lists    [][]string                   `json:"lists"`
	Children []widgetSpec                 `json:"children"`
	ByName   map[string]*widgetSpec       `json:"byName"`
	Labels   map[color]color              `json:"labels"`
	Counts   map[string]int               `json:"counts"`
	Amounts  map[string]resource.Quantity `json:"amounts"`
	Amount   resource.Quantity            `json:"amount"`
	AmountP  *resource.Quantity           `json:"amountP"`
	Port     intstr.IntOrString           `json:"port"`
	PortP    *intstr.IntOrString          `json:"portP"`
	At       metav1.Time                  `json:"at"`
	AtP      *metav1.MicroTime            `json:"atP"`
	For      metav1.Duration              `json:"for"`
	Raw      runtime.RawExtension         `json:"raw"`
	Any      any                          `json:"any"`
	Template corev1.PodTemplateSpec       `json:"template"`
	Named    namedList                    `json:"named"`
	Untagged string
	Hidden   string `json:"-"`
	embedded `json:",inline"`
}

type color string
type namedList []color
type embedded struct {
	Inner string `json:"inner"`
}

type widgetState struct {
	Ready      int32              `json:"ready"`
	Conditions []metav1.Condition `json:"conditions"`
}

// oddity has what plans leave to the official decoder.
type oddity struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	*Optional
	Quoted   int64                `json:"quoted,string"`
	Number   json.Number          `json:"number"`
	Array    [2]int               `json:"array"`
	ByNumber map[int]string       `json:"byNumber"`
	ByTime   map[textual]string   `json:"byTime"`
	Text     textual              `json:"text"`
	Own      ownMethod            `json:"own"`
	OwnP     *ownMethod           `json:"ownP"`
	Owns     []ownMethod          `json:"owns"`
	OwnMap   map[string]ownMethod `json:"ownMap"`
	Raw      json.RawMessage      `json:"raw"`
	Wait     time.Duration        `json:"wait"`
	Bad      panicky              `json:"bad"`
	Iface    interface{ X() }     `json:"iface"`
}

type Optional struct {
	Extra string `json:"extra"`
}

// textual reads itself from a string.
type textual struct{ Upper string }

func (t *textual) UnmarshalText(b []byte) error { t.Upper = strings.ToUpper(string(b)); return nil }
func (t textual) MarshalText() ([]byte, error)  { return []byte(t.Upper), nil }

// ownMethod reads itself from any JSON.
type ownMethod struct{ Text string }

func (o *ownMethod) UnmarshalJSON(b []byte) error {
	if string(b) == `"refuse"` {
		return errors.New("refused")
	}
	o.Text = "own:" + string(b)
	return nil
}

// panicky has a bug.
type panicky struct{}

func (*panicky) UnmarshalJSON(b []byte) error { panic("a bug in the type's own method") }

// nested contains itself in every way.
type nested struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Self              *nested            `json:"self"`
	List              []nested           `json:"list"`
	ByName            map[string]*nested `json:"byName"`
	Tree              tree               `json:"tree"`
	Forest            forest             `json:"forest"`
}

type tree map[string]tree
type forest []forest

func define[T sheaf.Object](plural, kind string) *sheaf.Definition {
	return sheaf.Define[T]("example.com", "v1", plural, kind, sheaf.Namespaced).Definition()
}

var (
	widgetDef = define[*widget]("widgets", "Widget")
	oddityDef = define[*oddity]("oddities", "Oddity")
	nestedDef = define[*nested]("nesteds", "Nested")
)
