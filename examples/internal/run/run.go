// Package run starts an example, so that its file shows nothing but what it is about.
//
// Without flags an example works on an API server inside its own process, in which others do something for it to see. With -kubeconfig, or
// in a pod, it works on a cluster.
package run

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/examples/internal/demo"
	"github.com/sheaf-dev/sheaf/rest"
)

// Example is what a program does, until it is done or ctx ends; the end of ctx is no error.
type Example func(ctx context.Context, config *rest.Config, out io.Writer) error

// Others are those who work on the server inside the process, too.
type Others struct {
	// Before is done before the example starts.
	Before func(ctx context.Context, client *rest.Client) error
	// Meanwhile is done while it runs, until ctx ends or there is nothing left to do.
	Meanwhile func(ctx context.Context, client *rest.Client) error
}

// Main runs an example, and ends the process with an error if it fails.
func Main(example Example, others Others) {
	kubeconfig := flag.String("kubeconfig", "", "work on the cluster of this kubeconfig `file` instead of an API server inside the process")
	most := flag.Duration("for", 0, "end after this long (default: 10s inside the process, in a cluster when interrupted)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := start(ctx, *kubeconfig, *most, example, others)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
}

func start(ctx context.Context, kubeconfig string, most time.Duration, example Example, others Others) error {
	config, err := clusterConfig(kubeconfig)
	if err != nil {
		return err
	}
	if config != nil {
		ctx, cancel := bounded(ctx, most)
		defer cancel()
		return On(ctx, config, os.Stdout, example, Others{})
	}
	if most == 0 {
		most = 10 * time.Second
	}
	ctx, cancel := bounded(ctx, most)
	defer cancel()
	config, end, err := demo.Start(ctx)
	if err != nil {
		return err
	}
	return errors.Join(On(ctx, config, os.Stdout, example, others), end())
}

// clusterConfig returns how to reach the cluster that the flag or the surroundings name, or nil if there is none.
func clusterConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig != "" {
		return clientcmd.BuildConfig("", kubeconfig)
	}
	config, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) {
		return nil, nil
	}
	return config, err
}

func bounded(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	if most == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, most)
}

// On runs an example on a server, with others at work on it, and waits for both. The example may write from several goroutines.
func On(ctx context.Context, config *rest.Config, out io.Writer, example Example, others Others) error {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	if others.Before != nil {
		if err := others.Before(ctx, client); err != nil {
			return fmt.Errorf("what the embedded server should have: %w", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var theirs error
	if others.Meanwhile != nil {
		wg.Go(func() {
			if err := others.Meanwhile(ctx, client); err != nil && ctx.Err() == nil {
				theirs = fmt.Errorf("what happens on the embedded server: %w", err)
				cancel()
			}
		})
	}
	err = example(ctx, config, &lines{out: out})
	cancel()
	wg.Wait()
	return errors.Join(err, theirs)
}

// Pause waits, and says whether to go on: false if ctx ended.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// UnlessOver leaves out the error that comes of the end of ctx.
func UnlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// lines lets one line at a time be written.
type lines struct {
	mu  sync.Mutex // owns out
	out io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}
