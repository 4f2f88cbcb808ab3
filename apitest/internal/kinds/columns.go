package kinds

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/sheaf-dev/sheaf/resource"
)

// Columns returns the columns of the kind's tables.
func Columns(*Kind) []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name", Description: "Name must be unique within a namespace."},
		{Name: "Age", Type: "date", Description: "The time since the object's creation."},
	}
}

// Cells returns an object's row.
func Cells(_ *Kind, obj resource.Object, now time.Time) []any {
	return []any{obj.GetName(), age(obj.GetCreationTimestamp(), now)}
}

func age(at metav1.Time, now time.Time) string {
	if at.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(at.Time))
}
