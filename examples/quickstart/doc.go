// Quickstart is a real controller. It watches Deployments and Pods and keeps for each Deployment one ConfigMap,
// owned by it and named "<deployment>-summary", that counts the ready pods by node and by image and tells when something
// last changed.
//
// Without flags it starts an API server inside the process, fills it, churns it, shows one line of progress and ends after ten
// seconds by comparing every ConfigMap with what the server really holds:
//
//	go run ./examples/quickstart
//
// With -kubeconfig (or inside a cluster) it works against that cluster until it is interrupted, and touches nothing but its own
// ConfigMaps:
//
//	go run ./examples/quickstart -kubeconfig ~/.kube/config
//
// Read it in this order: summary.go (what to write), keep.go (when to write it), keeper.go (what makes it look), main.go (what runs), fleet.go (the
// embedded cluster's life), verify.go (the comparison at the end).
package main
