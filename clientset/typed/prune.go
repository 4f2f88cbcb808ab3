package typed

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// prune returns the fields of a Go struct that are set, named by their json tags.
func prune(o any) (map[string]any, error) {
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("%T is no pointer to a struct", o)
	}
	out := map[string]any{}
	return out, pruneStruct(v.Elem(), out)
}

// origin says how a value was reached, and with that whether its being empty means that it is not set.
type origin uint8

const (
	field     origin = iota // of a struct: empty means not set
	omitempty               // the same, and its tag says so for zero numbers and booleans, too
	explicit                // behind a pointer, in a list or in a map: somebody put it there
)

// pruned returns the value to send, and whether to send it.
func pruned(v reflect.Value, from origin) (any, bool, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, from == explicit, nil
		}
		return pruned(v.Elem(), explicit)
	}
	if custom(v.Type()) {
		return prunedCustom(v, from)
	}
	switch v.Kind() {
	case reflect.Struct:
		out := map[string]any{}
		err := pruneStruct(v, out)
		return out, from == explicit || len(out) > 0, err
	case reflect.Map:
		return prunedMap(v, from)
	case reflect.Slice, reflect.Array:
		return prunedSlice(v, from)
	case reflect.String:
		return v.Interface(), from == explicit || v.Len() > 0, nil
	default:
		return v.Interface(), from != omitempty || !v.IsZero(), nil
	}
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// custom says whether a type, or the pointer to it, writes its own JSON, as times, quantities and ints-or-strings do.
func custom(t reflect.Type) bool {
	return t.Implements(jsonMarshaler) || t.Implements(textMarshaler) ||
		t.Kind() != reflect.Interface && (reflect.PointerTo(t).Implements(jsonMarshaler) || reflect.PointerTo(t).Implements(textMarshaler))
}

func prunedCustom(v reflect.Value, from origin) (any, bool, error) {
	if v.IsZero() && from != explicit {
		return nil, false, nil
	}
	copied := reflect.New(v.Type()) // addressable, so that a method of the pointer is found
	copied.Elem().Set(v)
	data, err := json.Marshal(copied.Interface())
	if err != nil || string(data) == "null" {
		return nil, false, err
	}
	return json.RawMessage(data), true, nil
}

func prunedMap(v reflect.Value, from origin) (any, bool, error) {
	out := map[string]any{}
	for entry := v.MapRange(); entry.Next(); {
		name, err := keyText(entry.Key())
		if err != nil {
			return nil, false, err
		}
		value, keep, err := pruned(entry.Value(), explicit)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", name, err)
		}
		if keep {
			out[name] = value
		}
	}
	return out, from == explicit || len(out) > 0, nil
}

func keyText(v reflect.Value) (string, error) {
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

func prunedSlice(v reflect.Value, from origin) (any, bool, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 { // JSON has it as text
		return v.Interface(), from == explicit || v.Len() > 0, nil
	}
	out := make([]any, 0, v.Len())
	for i := range v.Len() {
		value, _, err := pruned(v.Index(i), explicit)
		if err != nil {
			return nil, false, fmt.Errorf("[%d]: %w", i, err)
		}
		out = append(out, value)
	}
	return out, from == explicit || len(out) > 0, nil
}

// pruneStruct adds the fields of a struct that are set to out.
func pruneStruct(v reflect.Value, out map[string]any) error {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" || !f.IsExported() {
			continue
		}
		name, flags, _ := strings.Cut(tag, ",")
		if name == "" && f.Anonymous || strings.Contains(flags, "inline") {
			if err := pruneEmbedded(v.Field(i), out); err != nil {
				return err
			}
			continue
		}
		if name == "" {
			name = f.Name
		}
		from := field
		if strings.Contains(flags, "omitempty") || strings.Contains(flags, "omitzero") {
			from = omitempty
		}
		value, keep, err := pruned(v.Field(i), from)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if keep {
			out[name] = value
		}
	}
	return nil
}

func pruneEmbedded(v reflect.Value, out map[string]any) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return fmt.Errorf("an embedded %s", v.Type())
	}
	return pruneStruct(v, out)
}
