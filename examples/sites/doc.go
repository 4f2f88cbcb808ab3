// Sites is a controller of a custom resource: for each Site it keeps a Deployment, and writes into the Site's status how far that is.
//
//	go run ./examples/sites                                 # on an API server inside the process
//	go run ./examples/sites -kubeconfig ~/.kube/config
//
// In a cluster it installs the definition of sites (sites.example.sheaf.dev) and waits for somebody to make one:
//
//	kubectl apply -f - <<< '{"apiVersion":"example.sheaf.dev/v1","kind":"Site","metadata":{"name":"blog"},"spec":{"image":"nginx","replicas":2}}'
//
// There is no code generator: see examples/internal/site for the Go struct, and controller.go for what is done with it.
package main
