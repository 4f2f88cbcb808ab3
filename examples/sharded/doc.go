// Sharded is a controller whose replicas share the objects out among themselves, and elect one of them to report who owns what.
//
// Without flags three replicas run in this process, on an API server inside it: one comes later, one leaves, one loses its connection for a
// while. With -kubeconfig they run on a cluster; with -replica NAME the process is one replica, beside those of other processes, until it
// is interrupted.
//
// main.go is what happens, replica.go one replica: what to imitate. ledger.go keeps the books for the summary.
package main
