package objects

import (
	"reflect"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/sheaf-dev/sheaf/resource"
)

// copyStatus makes dst's status a copy of src's; src may be nil, which clears it.
func copyStatus(dst, src resource.Object) {
	if u, ok := dst.(*unstructured.Unstructured); ok {
		delete(u.Object, "status")
		if src != nil {
			if status, ok := src.(*unstructured.Unstructured).Object["status"]; ok {
				u.Object["status"] = status
			}
		}
		return
	}
	to := reflect.ValueOf(dst).Elem().FieldByName("Status")
	if !to.IsValid() {
		return
	}
	if src == nil {
		to.SetZero()
		return
	}
	to.Set(reflect.ValueOf(src).Elem().FieldByName("Status"))
}

// copyAllButStatus makes everything of dst but its status and metadata src's.
func copyAllButStatus(dst, src resource.Object) {
	if u, ok := dst.(*unstructured.Unstructured); ok {
		status, has := u.Object["status"]
		metadata := u.Object["metadata"]
		content := map[string]any{}
		for name, value := range src.(*unstructured.Unstructured).Object {
			content[name] = value
		}
		delete(content, "status")
		content["metadata"] = metadata
		if has {
			content["status"] = status
		}
		u.Object = content
		return
	}
	to, from := reflect.ValueOf(dst).Elem(), reflect.ValueOf(src).Elem()
	for i := range to.NumField() {
		switch to.Type().Field(i).Name {
		case "Status", "ObjectMeta", "TypeMeta":
		default:
			to.Field(i).Set(from.Field(i))
		}
	}
}

// sameIntent says whether two objects agree in everything but metadata and, if so told, status.
func sameIntent(a, b resource.Object, ignoreStatus bool) bool {
	if u, ok := a.(*unstructured.Unstructured); ok {
		return apiequality.Semantic.DeepEqual(intentOf(u, ignoreStatus), intentOf(b.(*unstructured.Unstructured), ignoreStatus))
	}
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range va.NumField() {
		switch name := va.Type().Field(i).Name; {
		case name == "ObjectMeta" || name == "TypeMeta" || name == "Status" && ignoreStatus:
		case !apiequality.Semantic.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()):
			return false
		}
	}
	return true
}

func intentOf(u *unstructured.Unstructured, ignoreStatus bool) map[string]any {
	content := map[string]any{}
	for name, value := range u.Object {
		if name != "metadata" && (name != "status" || !ignoreStatus) {
			content[name] = value
		}
	}
	return content
}
