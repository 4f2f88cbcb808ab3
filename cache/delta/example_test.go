package delta_test

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

func ExampleQueue() {
	ctx := context.Background()
	queue := delta.New(delta.Options{})
	intake := queue.Intake(delta.IntakeOptions{})

	// A reflector puts in what it reads …
	state := intake.Replace()
	state.Item(decode.Item{Object: configMap("a", "1")})
	state.Item(decode.Item{Object: configMap("b", "2")})
	state.Commit(ctx, "2")
	intake.Change(ctx, decode.Event{Type: watch.Modified, Object: configMap("a", "3"), ResourceVersion: "3"})
	intake.Change(ctx, decode.Event{Type: watch.Deleted, Object: configMap("b", "4"), ResourceVersion: "4"})

	// … and an informer takes it out, in batches.
	var buffer []delta.Delta
	for range 2 {
		batch, err := queue.Pop(ctx, buffer)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, d := range batch {
			if d.Type == delta.Replaced {
				fmt.Println(d.Type, len(d.Items), "objects at", d.ResourceVersion)
			} else {
				fmt.Println(d.Type, d.Key, "at", d.ResourceVersion)
			}
		}
		queue.Done()
		buffer = batch
	}
	// Output:
	// replaced 2 objects at 2
	// updated default/a at 3
	// deleted default/b at 4
}

func configMap(name, version string) resource.Object {
	o := configMaps.New()
	o.Namespace, o.Name, o.ResourceVersion = "default", name, version
	return o
}
