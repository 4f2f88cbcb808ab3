package rest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// filled returns options of which every field is set, whatever fields the version of k8s.io/apimachinery has.
func filled[T any](t *testing.T) T {
	t.Helper()
	var out T
	fill(t, reflect.ValueOf(&out).Elem())
	return out
}

func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("a b&c")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(7)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if v.Type().Elem() == reflect.TypeFor[metav1.Time]() {
			at := metav1.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			v.Set(reflect.ValueOf(&at))
			return
		}
		fill(t, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Type != reflect.TypeFor[metav1.TypeMeta]() {
				fill(t, v.Field(i))
			}
		}
	default:
		t.Fatalf("no value for a field of type %v", v.Type())
	}
}

// asQuery is what options are in a query, by their JSON.
func asQuery(t *testing.T, options any, without ...string) url.Values {
	t.Helper()
	data, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	if n := reflect.TypeOf(options).NumField() - 1; len(fields) != n { // without the TypeMeta
		t.Fatalf("%T has %d fields, of which %d are set", options, n, len(fields))
	}
	query := url.Values{}
	for name, value := range fields {
		if slices.Contains(without, name) {
			continue
		}
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, one := range list {
			query.Add(name, fmt.Sprint(one))
		}
	}
	return query
}

// What an option is called in a query is not tied to its name in Go: each is looked for.
func TestEveryOptionOfEveryVerbIsSent(t *testing.T) {
	e := &echo{}
	client, err := NewClient(&Config{Host: "https://example.com", Transport: e})
	if err != nil {
		t.Fatal(err)
	}
	c, ctx := client.ForResource(pods).Namespace("a"), t.Context()
	get, list, remove := filled[metav1.GetOptions](t), filled[metav1.ListOptions](t), filled[metav1.DeleteOptions](t)
	create, update, patch, logs := filled[metav1.CreateOptions](t), filled[metav1.UpdateOptions](t), filled[metav1.PatchOptions](t), filled[coreapi.PodLogOptions](t)
	for verb, tt := range map[string]struct {
		do   func() error
		want url.Values
	}{
		"get":    {func() error { _, err := c.Get(ctx, "b", get); return err }, asQuery(t, get)},
		"create": {func() error { _, err := c.Create(ctx, pod("a", "b"), create); return err }, asQuery(t, create)},
		"update": {func() error { _, err := c.Update(ctx, pod("a", "b"), update); return err }, asQuery(t, update)},
		"patch":  {func() error { _, err := c.Patch(ctx, "b", types.MergePatchType, nil, patch); return err }, asQuery(t, patch)},
		"list": {func() error {
			page, err := c.Page(ctx, list)
			if err == nil {
				page.Close()
			}
			return err
		}, asQuery(t, list, "watch")},
		"watch": {func() error {
			w, err := c.Watch(ctx, list)
			if err == nil {
				w.Close()
			}
			return err
		}, asQuery(t, list)},
		"deletecollection": {func() error { return c.DeleteCollection(ctx, remove, list) }, asQuery(t, list)},
		"any options": {func() error {
			_, err := client.Get().AbsPath("x").VersionedParams(&logs).DoRaw(ctx)
			return err
		}, asQuery(t, logs)},
	} {
		if err := tt.do(); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		_, query, _ := strings.Cut(e.url, "?")
		if got, err := url.ParseQuery(query); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: sent %v, %v\nwant %v", verb, got, err, tt.want)
		}
	}
	for verb, do := range map[string]func() error{
		"delete":           func() error { return c.Delete(ctx, "b", remove) },
		"deletecollection": func() error { return c.DeleteCollection(ctx, remove, metav1.ListOptions{}) },
	} {
		var got metav1.DeleteOptions
		if err := do(); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		if err := json.Unmarshal(e.body, &got); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		got.TypeMeta = metav1.TypeMeta{}
		if !reflect.DeepEqual(got, remove) {
			t.Errorf("%s: sent %s, want %v", verb, e.body, remove)
		}
	}
}
