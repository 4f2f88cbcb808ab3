package kinds

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/sheaf-dev/sheaf/resource"
)

// cell is a column of a built-in kind's table and how a row's value is found in an object as it is stored.
type cell struct {
	name, kind, format string
	description        string
	wide               bool
	value              func(o resource.Object, now time.Time) any
}

func column[T resource.Object](name, kind, description string, value func(o T) any) cell {
	return timedColumn(name, kind, description, func(o T, _ time.Time) any { return value(o) })
}

// timedColumn is a column that tells how long ago something was.
func timedColumn[T resource.Object](name, kind, description string, value func(o T, now time.Time) any) cell {
	return cell{name: name, kind: kind, description: description, value: func(o resource.Object, now time.Time) any {
		if o, ok := o.(T); ok {
			return value(o, now)
		}
		return nil // of a Go type of the test's own, which has the resource's name
	}}
}

func (c cell) onlyWide() cell {
	c.wide = true
	return c
}

// docOf returns how the API describes a field.
func docOf(of interface{ SwaggerDoc() map[string]string }, field string) string {
	return of.SwaggerDoc()[field]
}

var (
	nameCell = cell{name: "Name", kind: "string", format: "name", description: docOf(metav1.ObjectMeta{}, "name"), value: func(o resource.Object, _ time.Time) any { return o.GetName() }}
	ageCell  = cell{name: "Age", kind: "string", description: docOf(metav1.ObjectMeta{}, "creationTimestamp"), value: func(o resource.Object, now time.Time) any {
		return age(o.GetCreationTimestamp(), now)
	}}
	createdCell = cell{name: "Created At", kind: "date", description: ageCell.description, value: func(o resource.Object, _ time.Time) any {
		return o.GetCreationTimestamp().UTC().Format(time.RFC3339)
	}}
)

// row is the usual row: the name, what is told of the kind, the age, and what only wide tables show.
func row(told ...cell) []cell {
	out := []cell{nameCell}
	for i, c := range told {
		if c.wide {
			return append(append(out, ageCell), told[i:]...)
		}
		out = append(out, c)
	}
	return append(out, ageCell)
}

// cellsOf returns the columns of a kind that is not defined by a CustomResourceDefinition with columns of its own.
func cellsOf(k *Kind) []cell {
	stored := k
	if k.Storage != nil { // else nothing of the kind is stored
		stored = k.Storage
	}
	if cells, ok := builtinRows[stored.GR().String()]; ok {
		return cells
	}
	if k.custom != nil {
		custom := ageCell
		custom.kind = "date"
		return []cell{nameCell, custom}
	}
	return []cell{nameCell, createdCell}
}

// Columns returns the columns of the kind's tables.
func Columns(k *Kind) []metav1.TableColumnDefinition {
	var out []metav1.TableColumnDefinition
	if k.custom != nil && len(k.custom.Columns) > 0 {
		out = append(out, nameCell.definition())
		for _, c := range k.custom.Columns {
			out = append(out, metav1.TableColumnDefinition{Name: c.Name, Type: c.Type, Format: c.Format, Description: c.Description, Priority: c.Priority})
		}
		return out
	}
	for _, c := range cellsOf(k) {
		out = append(out, c.definition())
	}
	return out
}

func (c cell) definition() metav1.TableColumnDefinition {
	d := metav1.TableColumnDefinition{Name: c.name, Type: c.kind, Format: c.format, Description: c.description}
	if c.wide {
		d.Priority = 1
	}
	return d
}

// Cells returns the row of an object in the form of k.Storage, or of k if it is a custom resource.
func Cells(k *Kind, obj resource.Object, now time.Time) []any {
	var out []any
	if k.custom != nil && len(k.custom.Columns) > 0 {
		out = append(out, obj.GetName())
		for _, c := range k.custom.Columns {
			out = append(out, customCell(c, obj, now))
		}
		return out
	}
	for _, c := range cellsOf(k) {
		out = append(out, c.value(obj, now))
	}
	return out
}

// customCell finds the value of a printer column. Its path is simple: fields, and no filters.
func customCell(c Column, obj resource.Object, now time.Time) any {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	value, found := lookup(u.Object, c.JSONPath)
	if !found || value == nil {
		return nil
	}
	if text, ok := value.(string); ok && c.Type == "date" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return "<invalid>"
		}
		return age(metav1.NewTime(at), now)
	}
	return value
}

func age(at metav1.Time, now time.Time) string {
	if at.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(at.Time))
}

// ageOrNone is an age, "<none>" if there is no time.
func ageOrNone(at *metav1.Time, now time.Time) string {
	if at == nil {
		return "<none>"
	}
	return age(*at, now)
}

// few joins the first three texts by commas, and counts the others.
func few(texts []string) string {
	const shown = 3
	if len(texts) > shown {
		return fmt.Sprintf("%s + %d more...", strings.Join(texts[:shown], ","), len(texts)-shown)
	}
	return orNone(texts...)
}

// orUnset returns the value as a text, "<unset>" if there is none.
func orUnset[T any](value *T) string {
	if value == nil {
		return "<unset>"
	}
	return fmt.Sprint(*value)
}

// zeroIfNil returns the value, the type's zero if there is none.
func zeroIfNil[T any](value *T) (out T) {
	if value != nil {
		out = *value
	}
	return out
}

// texts turns a list of values into one of texts.
func texts[T any](values []T, text func(T) string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = text(v)
	}
	return out
}

// orNone returns the texts joined by commas, or "<none>".
func orNone(texts ...string) string {
	if out := strings.Join(texts, ","); out != "" {
		return out
	}
	return "<none>"
}
