// Package dynamic works with resources that the program does not know when it is compiled.
//
//	Beside the way. In: a rest.Client, and a discovery.Mapper that finds resources. Out: clients and definitions of whatever the server has,
//	with *unstructured.Unstructured objects or their metadata alone. Owner: the caller; all values are immutable. Next: informers.
//
// A Client finds a Resource by its full name, by the kind of an object, or by what somebody typed. The Resource has the same typed clients and
// definitions as any other, so that everything else is as always:
//
//	client := dynamic.New(server, mapper)
//	widgets, err := client.Resource(ctx, schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"})
//	anvil, err := widgets.Objects().Namespace("shop").Get(ctx, "anvil", metav1.GetOptions{})
//	informer := informers.For(factory, widgets.Definition())                // untyped objects
//	names := informers.For(factory, widgets.MetadataDefinition())           // their metadata alone
//
// Where the kind and scope are known, nothing has to be found, and this package is not needed:
//
//	widgets := resource.Define[*unstructured.Unstructured]("example.com", "v1", "widgets", "Widget", resource.Namespaced)
//	typed.For(server, widgets).Namespace("shop").Get(ctx, "anvil", metav1.GetOptions{})
//
// Typed and Untyped convert between Go structs and untyped objects.
//
// Reading order: client.go, resource.go, convert.go.
package dynamic
