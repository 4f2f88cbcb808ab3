// Nodepods knows at any time which pods belong on one node, as a kubelet does: a reflector lists and watches them, survives whatever happens to
// the connection, and hands each new state to a sink of the program's own. There is no cache, and no informer.
//
//	go run ./examples/nodepods                                            # on an API server inside the process
//	go run ./examples/nodepods -kubeconfig ~/.kube/config -node node-0
//
// Most programs want an informer instead (see deployments), which brings a cache with indexes, and any number of handlers.
package main
