package kinds

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/sheaf-dev/sheaf/resource"
)

// cell is a column of a built-in kind's table and how a row's value is found.
type cell struct {
	name, kind  string
	description string
	wide        bool
	value       func(o resource.Object, now time.Time) any
}

func column[T resource.Object](name, kind, description string, value func(o T) any) cell {
	return cell{name: name, kind: kind, description: description, value: func(o resource.Object, _ time.Time) any {
		if o, ok := o.(T); ok {
			return value(o)
		}
		return nil // another version of the kind
	}}
}

func (c cell) onlyWide() cell {
	c.wide = true
	return c
}

var (
	metaDoc    = metav1.ObjectMeta{}.SwaggerDoc()
	nameColumn = metav1.TableColumnDefinition{Name: "Name", Type: "string", Format: "name", Description: metaDoc["name"]}
	ageColumn  = metav1.TableColumnDefinition{Name: "Age", Type: "string", Description: metaDoc["creationTimestamp"]}
)

// Columns returns the columns of the kind's tables: its name, what is told of it, and its age.
func Columns(k *Kind) []metav1.TableColumnDefinition {
	out := []metav1.TableColumnDefinition{nameColumn}
	if k.custom != nil && len(k.custom.Columns) > 0 {
		for _, c := range k.custom.Columns {
			out = append(out, metav1.TableColumnDefinition{Name: c.Name, Type: c.Type, Format: c.Format, Description: c.Description, Priority: c.Priority})
		}
		return out
	}
	cells, own := builtinCells[k.GR().String()]
	wide := []metav1.TableColumnDefinition(nil)
	for _, c := range cells {
		d := metav1.TableColumnDefinition{Name: c.name, Type: c.kind, Description: c.description}
		if c.wide {
			d.Priority = 1
			wide = append(wide, d)
			continue
		}
		out = append(out, d)
	}
	age := ageColumn
	if !own && k.typed || k.custom == nil && !k.typed {
		age = metav1.TableColumnDefinition{Name: "Created At", Type: "date", Description: metaDoc["creationTimestamp"]}
	}
	if k.custom != nil {
		age.Type = "date"
	}
	return append(append(out, age), wide...)
}

// Cells returns an object's row.
func Cells(k *Kind, obj resource.Object, now time.Time) []any {
	out := []any{obj.GetName()}
	if k.custom != nil && len(k.custom.Columns) > 0 {
		for _, c := range k.custom.Columns {
			out = append(out, customCell(c, obj, now))
		}
		return out
	}
	cells, own := builtinCells[k.GR().String()]
	var wide []any
	for _, c := range cells {
		if c.wide {
			wide = append(wide, c.value(obj, now))
		} else {
			out = append(out, c.value(obj, now))
		}
	}
	if !own && k.typed || k.custom == nil && !k.typed {
		return append(out, obj.GetCreationTimestamp().UTC().Format(time.RFC3339))
	}
	return append(append(out, age(obj.GetCreationTimestamp(), now)), wide...)
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

// orNone returns the texts joined by commas, or "<none>".
func orNone(texts ...string) string {
	if out := strings.Join(texts, ","); out != "" {
		return out
	}
	return "<none>"
}
