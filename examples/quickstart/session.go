package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	appsv1 "github.com/sheaf-dev/sheaf/resource/apps/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// control runs the controller against a server until the time is over or ctx ends, then compares what it wrote with what the
// server holds. With a fleet it also plays the life of the cluster.
func control(ctx context.Context, config *rest.Config, o options, f *fleet) error {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	if err := probe(ctx, client, o.namespace); err != nil {
		return err
	}
	k, err := newKeeper(client, o)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ctrlCtx, stop := context.WithCancelCause(context.WithoutCancel(ctx)) // outlives ctx: the last changes are still worked on
	defer stop(nil)
	wg.Go(func() { stop(k.run(ctrlCtx)) })

	if err := k.live(ctx, ctrlCtx, o, f); err != nil {
		return err
	}
	return k.report(ctrlCtx, client, o.namespace)
}

// live shows progress, and churns the fleet if there is one, until the time is over, ctx ends, or the keeper gives up.
func (k *keeper) live(ctx, ctrlCtx context.Context, o options, f *fleet) error {
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(ctrlCtx, func() { stop(failure{context.Cause(ctrlCtx)}) })()

	var wg sync.WaitGroup
	wg.Go(func() { k.progress(ctx, os.Stdout, isTerminal(os.Stdout)) })
	if f != nil {
		wg.Go(func() {
			if err := f.churn(ctx, o.churn); err != nil {
				stop(failure{fmt.Errorf("churn: %w", err)})
			}
		})
	}
	wg.Wait()
	var failed failure
	if errors.As(context.Cause(ctx), &failed) {
		return failed.error
	}
	return nil // the time is over, or somebody interrupted
}

// failure is the cause of a context that ended because something went wrong.
type failure struct{ error }

// report compares and prints. A difference that does not go away in ten seconds is an error.
func (k *keeper) report(ctx context.Context, client *rest.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	v, err := verify(ctx, client, namespace)
	if err != nil {
		return fmt.Errorf("cannot compare with the server: %w", err)
	}
	_, events := k.seen()
	fmt.Printf("%d events, %d reconciles, %d writes, %d conflicts, %d failures\n",
		events, k.reconciles.Load(), k.writes.Load(), k.conflicts.Load(), k.failures.Load())
	for i, difference := range v.Differ {
		if i == 10 {
			fmt.Printf("… and %d more\n", len(v.Differ)-i)
			break
		}
		fmt.Println(difference)
	}
	fmt.Printf("%d Deployments on the server, %d ConfigMaps equal to what it holds, %d differ\n", v.Deployments, v.Equal, len(v.Differ))
	if len(v.Differ) > 0 {
		return fmt.Errorf("%d ConfigMaps are not what they should be", len(v.Differ))
	}
	return nil
}

// probe asks for one object of each kind before anything is started, so that a wrong address, certificate, credential or
// permission ends the program with the reason instead of being retried.
func probe(ctx context.Context, client *rest.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := listOne(ctx, typed.For(client, appsv1.Deployments).Namespace(namespace), "deployments")
	if err == nil {
		err = listOne(ctx, typed.For(client, corev1.Pods).Namespace(namespace), "pods")
	}
	if err == nil {
		err = listOne(ctx, typed.For(client, corev1.ConfigMaps).Namespace(namespace), "configmaps")
	}
	return err
}

func listOne[T resource.Object](ctx context.Context, client typed.Client[T], what string) error {
	_, err := client.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return fmt.Errorf("cannot list %s: %w", what, err)
	}
	return nil
}
