// Objects does to a few ConfigMaps whatever can be done to objects: create, get, list, update, every kind of patch, apply, delete, watch, and
// looks at the errors that come of it.
//
//	go run ./examples/objects                                 # on an API server inside the process
//	go run ./examples/objects -kubeconfig ~/.kube/config
//
// In a cluster it works on ConfigMaps of its own in the namespace default, and leaves nothing behind.
package main
