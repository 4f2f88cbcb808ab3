// Command cluster runs a real Kubernetes API server until it is interrupted, to
// try a program against:
//
//	go run ./cmd/cluster -kubeconfig /tmp/e2e.kubeconfig
//	go run ./cmd/cluster -build
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/sheaf-dev/sheaf/e2e/cluster"
)

func main() {
	build := flag.Bool("build", false, "only build the servers, unless they are up to date")
	allAPIs := flag.Bool("all-apis", false, "serve alpha and beta APIs too")
	dir := flag.String("dir", "", "keep data and logs in this `folder` (default: a temporary one)")
	kubeconfig := flag.String("kubeconfig", "", "write a kubeconfig to this `file` (default: into the data's folder)")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: cluster [flags] [-- flags of kube-apiserver]")
		flag.PrintDefaults()
	}
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *build {
		_, err = cluster.Build(ctx, nil)
	} else {
		opts := cluster.Options{AllAPIs: *allAPIs, Dir: *dir, APIServerFlags: flag.Args()}
		err = run(ctx, os.Stdout, opts, *kubeconfig)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs a cluster until ctx is done, and tells out how to reach it.
func run(ctx context.Context, out io.Writer, opts cluster.Options, kubeconfig string) (err error) {
	c, err := cluster.Start(ctx, opts)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := c.Stop(); err == nil {
			err = stopErr
		}
	}()
	version, err := c.KubeVersion(ctx)
	if err != nil {
		return err
	}
	if kubeconfig == "" {
		kubeconfig = filepath.Join(c.Dir, "kubeconfig")
	}
	if err := os.WriteFile(kubeconfig, c.Kubeconfig(c.URL, cluster.Admin), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(out, "Kubernetes %s serves at %s, logs in %s\n", version, c.URL, c.Dir)
	fmt.Fprintf(out, "export KUBECONFIG=%s\n", kubeconfig)
	<-ctx.Done()
	return nil
}
