// Command apitest serves a Kubernetes API server in memory, to play with: nothing is kept when it ends.
//
//	go run ./cmd/apitest -addr 127.0.0.1:8001 -load manifests -kubeconfig /tmp/apitest.kubeconfig &
//	kubectl --kubeconfig /tmp/apitest.kubeconfig get namespaces
//
// Dependents are deleted with their owners, and namespaces end; no other controllers run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/sheaf-dev/sheaf/apitest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "apitest:", err)
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	addr, load, kubeconfig string
	secure                 bool
}

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("apitest", flag.ContinueOnError)
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8001", "where to listen; only addresses of this machine make sense, since everybody may do everything")
	flags.BoolVar(&s.secure, "tls", false, "serve HTTPS, by a certificate made at the start")
	flags.StringVar(&s.load, "load", "", "store the objects of the YAML and JSON files in this `folder` first")
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "write a kubeconfig `file` for the server")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return s, nil
}

// run serves until ctx is done.
func run(ctx context.Context, args []string, out io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	srv := apitest.New(apitest.Options{Addr: s.addr, TLS: s.secure, CollectGarbage: true})
	if s.load != "" {
		if err := srv.Load(os.DirFS(s.load)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- srv.Run(ctx)
		cancel() // it cannot listen: nobody need wait for that
	}()
	if srv.WaitListening(ctx) == nil {
		if err := announce(srv, s.kubeconfig, out); err != nil {
			cancel()
			<-done
			return err
		}
	}
	return <-done
}

// announce says where the server is.
func announce(srv *apitest.Server, kubeconfig string, out io.Writer) error {
	if kubeconfig != "" {
		if err := os.WriteFile(kubeconfig, srv.Kubeconfig(), 0o600); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, "listening on", srv.URL())
	return err
}
