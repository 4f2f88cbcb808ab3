// Package resource names things: objects, their keys, and the resources of the API that hold them.
//
//	Stage 0. In: nothing. Out: names and types. Owner: nobody, all values are immutable. Next: internal/decode.
//
// A resource is a value. The built-in ones are ready in one small package a group-version
// (resource/core/v1 has Pods, resource/apps/v1 has Deployments, …), so that a program links only what it uses. A custom
// resource needs a Go struct and one line:
//
//	var Widgets = resource.Define[*Widget]("example.com", "v1", "widgets", "Widget", resource.Namespaced)
//
// Clients, informers and listers of every other package take such a value and are typed by it.
//
// Reading order: object.go, key.go, define.go with definition.go and verbs.go, copy.go with copier.go, owner.go.
package resource
