// Command apitest serves a Kubernetes API server in memory, to play with: nothing is kept when it ends.
//
//	go run ./cmd/apitest -addr 127.0.0.1:8001 -load manifests -kubeconfig /tmp/apitest.kubeconfig &
//	kubectl --kubeconfig /tmp/apitest.kubeconfig get namespaces
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/sheaf-dev/sheaf/apitest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "apitest:", err)
		os.Exit(1)
	}
}

func run() error {
	addr := flag.String("addr", "127.0.0.1:8001", "where to listen")
	secure := flag.Bool("tls", false, "serve HTTPS, by a certificate made at the start")
	load := flag.String("load", "", "store the objects of the YAML and JSON files in this `folder` first")
	kubeconfig := flag.String("kubeconfig", "", "write a kubeconfig file for the server there")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	srv := apitest.New(apitest.Options{Addr: *addr, TLS: *secure, CollectGarbage: true})
	if *load != "" {
		if err := srv.Load(os.DirFS(*load)); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	listening, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		if srv.WaitListening(listening) == nil {
			announce(srv, *kubeconfig, stop)
		}
	}()
	return <-done
}

// announce says where the server is.
func announce(srv *apitest.Server, kubeconfig string, stop func()) {
	fmt.Println("listening on", srv.URL())
	if kubeconfig == "" {
		return
	}
	if err := os.WriteFile(kubeconfig, srv.Kubeconfig(), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "apitest:", err)
		stop()
	}
}
