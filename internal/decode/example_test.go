package decode_test

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

var pods = resource.Define[*corev1.Pod]("", "v1", "pods", "Pod", resource.Namespaced, resource.WithProtobuf())

func ExampleDecoder_List() {
	body := strings.NewReader(`{"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": [
		{"metadata": {"name": "web-0", "namespace": "shop"}, "spec": {"nodeName": "n1"}},
		{"metadata": {"name": "web-1", "namespace": "shop"}, "spec": {"nodeName": 1}}
	]}`)
	meta, err := decode.For(pods.Definition()).List("application/json", body, nil, func(item decode.Item) error {
		if item.Err != nil {
			fmt.Println("broken:", item.Err.Key)
			return nil
		}
		fmt.Println(item.Object.(*corev1.Pod).Kind, item.Object.GetName())
		return nil
	})
	fmt.Println(meta.ResourceVersion, err)
	// Output:
	// Pod web-0
	// broken: shop/web-1
	// 7 <nil>
}

func ExampleEventReader_Next() {
	stream := strings.NewReader(`{"type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web-0", "resourceVersion": "8"}}}
{"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}}}
`)
	events := decode.For(pods.Definition()).Events("application/json;stream=watch", stream)
	for {
		event, err := events.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Type, event.ResourceVersion)
	}
	// Output:
	// ADDED 8
	// BOOKMARK 9
	// EOF
}
