// Package cluster runs a real Kubernetes API server, with the etcd behind it,
// as processes of a test.
//
// Both programs are built from the module in ../kube-apiserver, once: the first
// build takes some minutes, later ones are found in e2e/.bin and start in
// seconds. Nothing but Go is needed. No kubelet, scheduler or controller
// manager runs: a test that wants a pod to be Running writes its status.
//
//	var server *cluster.Cluster
//
//	func TestMain(m *testing.M) {
//		os.Exit(cluster.Main(m, cluster.Options{}, &server))
//	}
//
// The package uses the standard library alone, so that what it says about the
// server is independent of the library under test. It runs on Linux, where the
// kernel ends both servers when the test dies in whatever way, and on other
// Unix systems, where a test that is killed leaves them running.
//
// Read on in cluster.go.
package cluster
