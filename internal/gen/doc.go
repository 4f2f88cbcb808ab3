// Command gen writes the tables of the built-in resources: which groups, versions and resources exist, what each of them offers,
// and the Go names under which clients and informers give access to them.
//
// In: the source of k8s.io/api, at the version that go.mod requires, and server.yaml: what only an API server knows.
// Out: zz_generated.go in resource/<group>/<version>, resource/builtin, internal/builtin, clientset and informers/groups.
// Owner: nobody, it runs by hand and in CI. Next: source.go, then markers.go, overlay.go, and the templates in render.go.
//
//	go run ./internal/gen           writes the files
//	go run ./internal/gen -check    names the files that are stale, and fails if there are any
package main
