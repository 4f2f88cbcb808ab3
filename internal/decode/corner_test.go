package decode

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sheaf-dev/sheaf/resource"
)

// judge decodes the bytes as the official decoders do and as ours do, private and sharing, and compares: an error is an error, a result is
// the same result. What only ours refuses must be a refusal that is meant.
func judge(t testing.TB, def *resource.Definition, table *Table, f format, raw []byte) {
	t.Helper()
	want, officialErr := official(t, def, f, raw)
	for _, d := range []*Decoder{For(def), For(def, Shared(table))} {
		have, err := d.decode(encodedOf(f, raw))
		switch {
		case err == nil && officialErr != nil:
			t.Fatalf("%s: read what the official decoder refuses (%v): %q", def, officialErr, raw)
		case err == nil:
			if !exactly.DeepEqualWithNilDifferentFromEmpty(want, have) {
				t.Fatalf("%s: %q\nwant %#v\nhave %#v", def, raw, want, have)
			}
		case officialErr == nil && !meant(err):
			t.Fatalf("%s: refused what the official decoder reads: %v: %q", def, err, raw)
		}
	}
}

// meant says whether an error is a refusal that the official decoders do not make.
func meant(err error) bool {
	return errors.Is(err, errWire) || errors.Is(err, errDepth) || strings.Contains(err.Error(), "the definition says") || strings.Contains(err.Error(), "panic:")
}

// jsonValues are values, each of which is given to each member.
var jsonValues = []string{
	`null`, `true`, `false`, `0`, `-0`, `1`, `-1`, `127`, `128`, `255`, `256`, `2147483648`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775809`,
	`18446744073709551615`, `1.5`, `1.0`, `1e2`, `1E+2`, `1e-7`, `1e400`, `01`, `1.`, `.5`, `-`, `+1`, `1e`, `0x10`, `NaN`,
	`""`, `"text"`, `"é"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"a\"b\\c\/d\b\f\n\r\t"`, `"\x"`, `"\u12"`, "\"a\nb\"", "\"\xff\"", "\"a\xc3\"", `"unclosed`,
	`"100m"`, `" 1Gi "`, `"1x"`, `"2024-01-02T03:04:05Z"`, `"2024-01-02T03:04:05.123456Z"`, `"2024-01-02T03:04:05+02:00"`, `"2024-02-30T00:00:00Z"`, `"2024-01-02"`,
	`"1h"`, `"aGVsbG8="`, `"aGVsbG8"`, `"not base64"`, `"refuse"`, `"12"`,
	`[]`, `[ ]`, `[null]`, `["a","b"]`, `[1,2,3]`, `[[],["x"]]`, `[{}]`, `[{"text":"x"},{"i":1}]`, `[1,]`, `[,1]`, `[1 2]`, `[`, `]`,
	`{}`, `{ }`, `{"a":"b"}`, `{"a":null}`, `{"a":1}`, `{"a":"1","a":"2"}`, `{"1":"x"}`, `{"a":{}}`, `{"a":{"text":"x"}}`, `{"text":"x","text":"y"}`, `{"a":"b",}`, `{"a"}`, `{a:1}`, `{"a":1`, `{"a":[1,{"b":[]}]}`,
	`{"\u0061":"escaped"}`, `{"TEXT":"other case"}`, "{\"\xff\":1}",
	` 1 `, "\t\"x\"\r\n", ` { "text" : "x" , "i" : 2 } `, `nul`, `nulls`, `tru`, `falsey`, `/* */1`,
}

func TestEveryJSONValueForEveryMemberIsReadAsTheOfficialDecoderDoes(t *testing.T) {
	table := NewTable(0)
	for _, def := range []*resource.Definition{widgetDef, oddityDef, nestedDef} {
		members, ok := resource.Members(def.GoType())
		if def == oddityDef {
			if ok {
				t.Fatal("an embedded pointer is a member")
			}
			for _, name := range strings.Fields("extra quoted number array byNumber byTime text own ownP owns ownMap raw wait iface bad") {
				members = append(members, resource.Member{Name: name})
			}
		}
		for _, m := range members {
			for _, value := range jsonValues {
				judge(t, def, table, formatJSON, fmt.Appendf(nil, `{"metadata":{"name":"a"},%q:%s}`, m.Name, value))
			}
		}
	}
	spec, _ := resource.Members(widgetDef.GoType())
	for _, m := range spec {
		if m.Name != "spec" {
			continue
		}
		inner, _ := resource.Members(m.Type)
		for _, m := range inner {
			for _, value := range jsonValues {
				judge(t, widgetDef, table, formatJSON, fmt.Appendf(nil, `{"spec":{"text":"before",%q:%s,"inner":"after"}}`, m.Name, value))
			}
		}
	}
}

func TestEveryJSONValueWithoutATypeIsReadAsTheOfficialDecoderDoes(t *testing.T) {
	table := NewTable(0)
	for _, def := range []*resource.Definition{mapDef, metaDef} {
		for _, value := range jsonValues {
			judge(t, def, table, formatJSON, fmt.Appendf(nil, `{"metadata":{"name":"a"},"x":%s}`, value))
			judge(t, def, table, formatJSON, fmt.Appendf(nil, `{"metadata":%s}`, value))
			judge(t, def, table, formatJSON, []byte(value))
			judge(t, def, table, formatJSON, fmt.Appendf(nil, `{"a":[{"b":%s},%s]}`, value, value))
		}
	}
}

func TestJSONAroundTheObjectIsReadAsTheOfficialDecoderDoes(t *testing.T) {
	table := NewTable(0)
	for _, raw := range []string{
		``, ` `, `{`, `}`, `{}x`, `{} {}`, `{},`, ` {} `, "\ufeff{}", `[]`, `null`, `"x"`, `1`, `{"spec":{}}}`, `{"spec":]`, `{"spec":[}`,
		`{"spec":{"text":"x"},"spec":{"flag":true}}`, `{"metadata":{"labels":{"a":"b"}},"metadata":{"labels":{"c":"d"}}}`,
		`{"status":{"ready":1},"status":null}`, `{"unknown":{"x":[1,2,{"y":"z"}]},"spec":{"unknown":"\u00zz"}}`, `{"unknown":tru}`, `{"unknown":"` + "\x01" + `"}`,
		`{"tree":{"a":{"b":{}},"c":null},"forest":[[],[[],null]]}`,
		`{"spec":{"children":[{"text":"1"},{"text":"2","children":[{}]}]},"spec":{"children":[{"flag":true}]}}`,
	} {
		judge(t, widgetDef, table, formatJSON, []byte(raw))
		judge(t, nestedDef, table, formatJSON, []byte(raw))
		judge(t, mapDef, table, formatJSON, []byte(raw))
	}
}

func TestDeepJSONIsRefusedWhereTheOfficialDecoderRefusesIt(t *testing.T) {
	table := NewTable(0)
	for _, depth := range []int{100, 9_990, 9_999, 10_000, 10_001, 20_000} {
		raw := []byte(`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}")
		judge(t, mapDef, table, formatJSON, raw)
		judge(t, widgetDef, table, formatJSON, raw)
		raw = []byte(strings.Repeat(`{"self":`, depth) + "{}" + strings.Repeat("}", depth))
		judge(t, nestedDef, table, formatJSON, raw)
	}
}

func TestPanicOfATypesOwnMethodIsAnErrorOfItsObject(t *testing.T) {
	body := strings.NewReader(`{"items":[{"metadata":{"name":"a"},"bad":1},{"metadata":{"name":"b"}}]}`)
	var got []string
	_, err := For(oddityDef).List(MediaTypeJSON, body, nil, func(item Item) error {
		if item.Err != nil {
			got = append(got, "broken "+item.Err.Key.String())
			if !strings.Contains(item.Err.Error(), "a bug in the type's own method") {
				t.Error(item.Err)
			}
			return nil
		}
		got = append(got, item.Object.GetName())
		return nil
	})
	if err != nil || strings.Join(got, ",") != "broken a,b" {
		t.Fatal(got, err)
	}
}
