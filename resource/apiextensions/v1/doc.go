// Package v1 names the resource that defines custom resources, apiextensions.k8s.io/v1, with its Go types.
//
//	Stage 0. In: nothing. Out: a resource and the types of its objects. Owner: nobody, all values are immutable. Next: clientset/typed.
//
// The types are the library's own, so that no program links the API server's module for them. They have all fields of the API, except that
// a schema is kept as the JSON that it is: nothing in it is lost, whatever a later server adds.
//
//	definitions := typed.For(client, apiextensionsv1.CustomResourceDefinitions)
//	def, err := definitions.Get(ctx, "widgets.example.com", metav1.GetOptions{})
//	ready := def.Established()
//
// Reading order: definition.go, conversion.go, status.go.
package v1
