package apply

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// pruner finds what is set in a Go struct.
type pruner struct {
	marks     *marks
	skip      func(name string) bool // fields of the outermost struct to leave out
	ambiguous []string
}

// origin says how a value was reached, and with that whether its being empty means that it is not set.
type origin uint8

const (
	required origin = iota // a field of a struct
	optional               // the same, and its tag says that a zero is left out
	explicit               // behind a pointer, in a list or in a map: somebody put it there
)

// value returns what to send for a value, and whether to send it. said is what a mark further up means.
func (p *pruner) value(v reflect.Value, path string, from origin, said meaning) (any, bool, error) {
	own := p.marks.of(v)
	if own != unclear {
		said = own
	}
	switch {
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		return p.behind(v, path, from, said, own)
	case custom(v.Type()):
		return p.custom(v, path, from, own)
	}
	switch v.Kind() {
	case reflect.Struct:
		out := map[string]any{}
		err := p.fields(v, path, said, out)
		return out, from == explicit || own == value || len(out) > 0, err
	case reflect.Map:
		return p.mapped(v, path, from, said, own)
	case reflect.Slice, reflect.Array:
		return p.list(v, path, from, said, own)
	case reflect.String:
		return v.Interface(), from == explicit || v.Len() > 0 || own == value, nil
	default:
		return v.Interface(), p.scalar(v, path, from, said, own), nil
	}
}

// scalar says whether to send a number or boolean.
func (p *pruner) scalar(v reflect.Value, path string, from origin, said, own meaning) bool {
	switch {
	case !v.IsZero() || from == explicit || own == value:
		return true
	case own == nothing || from == optional:
		return false
	case said == unclear:
		p.ambiguous = append(p.ambiguous, path)
	}
	return said == value
}

// behind handles a pointer or an interface.
func (p *pruner) behind(v reflect.Value, path string, from origin, said, own meaning) (any, bool, error) {
	switch {
	case !v.IsNil():
		return p.value(v.Elem(), path, explicit, said)
	case own == value && v.Kind() == reflect.Pointer:
		data, err := json.Marshal(reflect.New(v.Type().Elem()).Interface())
		if err == nil && string(data) == "null" {
			err = fmt.Errorf("%s: apply.Zero of a nil %s, whose zero is not a value", path, v.Type())
		}
		return json.RawMessage(data), true, err
	}
	return nil, from == explicit, nil
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// custom says whether a type, or the pointer to it, writes its own JSON, as times, quantities and ints-or-strings do.
func custom(t reflect.Type) bool {
	return t.Implements(jsonMarshaler) || t.Implements(textMarshaler) ||
		reflect.PointerTo(t).Implements(jsonMarshaler) || reflect.PointerTo(t).Implements(textMarshaler)
}

func (p *pruner) custom(v reflect.Value, path string, from origin, own meaning) (any, bool, error) {
	if v.IsZero() && from != explicit && own != value {
		return nil, false, nil
	}
	copied := reflect.New(v.Type()) // addressable, so that a method of the pointer is found
	copied.Elem().Set(v)
	data, err := json.Marshal(copied.Interface())
	switch {
	case err != nil:
		return nil, false, fmt.Errorf("%s: %w", path, err)
	case string(data) != "null":
		return json.RawMessage(data), true, nil
	case own == value:
		return nil, false, fmt.Errorf("%s: apply.Zero of a %s, whose zero is not a value", path, v.Type())
	}
	return nil, false, nil
}

func (p *pruner) mapped(v reflect.Value, path string, from origin, said, own meaning) (any, bool, error) {
	out := map[string]any{}
	for entry := v.MapRange(); entry.Next(); {
		name, err := keyText(entry.Key())
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", path, err)
		}
		value, keep, err := p.value(entry.Value(), below(path, name), explicit, said)
		if err != nil {
			return nil, false, err
		}
		if keep {
			out[name] = value
		}
	}
	return out, from == explicit || own == value || len(out) > 0, nil
}

// keyText is a map's key as JSON has it.
func keyText(v reflect.Value) (string, error) {
	if text, ok := v.Interface().(encoding.TextMarshaler); ok {
		data, err := text.MarshalText()
		return string(data), err
	}
	switch {
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	}
	return "", fmt.Errorf("a map with keys of type %s", v.Type())
}

func (p *pruner) list(v reflect.Value, path string, from origin, said, own meaning) (any, bool, error) {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 { // JSON has it as text
		if v.IsNil() {
			return "", from == explicit || own == value, nil
		}
		return v.Interface(), from == explicit || own == value || v.Len() > 0, nil
	}
	out := make([]any, 0, v.Len())
	for i := range v.Len() {
		value, _, err := p.value(v.Index(i), fmt.Sprintf("%s[%d]", path, i), explicit, said)
		if err != nil {
			return nil, false, err
		}
		out = append(out, value)
	}
	return out, from == explicit || own == value || len(out) > 0, nil
}

// fields adds the fields of a struct that are set to out.
func (p *pruner) fields(v reflect.Value, path string, said meaning, out map[string]any) error {
	for field := range fieldsOf(v.Type()) {
		switch {
		case path == "" && p.skip(field.name):
			continue
		case field.embedded:
			if err := p.embedded(v.Field(field.index), path, said, out); err != nil {
				return err
			}
			continue
		}
		from := required
		if field.optional {
			from = optional
		}
		value, keep, err := p.value(v.Field(field.index), below(path, field.name), from, said)
		if err != nil {
			return err
		}
		if keep {
			out[field.name] = value
		}
	}
	return nil
}

// embedded adds the fields of a struct that JSON has in place of itself.
func (p *pruner) embedded(v reflect.Value, path string, said meaning, out map[string]any) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return fmt.Errorf("%s: an embedded %s", path, v.Type())
	}
	if own := p.marks.of(v); own != unclear {
		said = own
	}
	return p.fields(v, path, said, out)
}

func below(path, name string) string {
	switch {
	case path == "":
		return name
	case strings.ContainsAny(name, "./[]"):
		return path + "[" + strconv.Quote(name) + "]"
	}
	return path + "." + name
}
