package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/examples/internal/run"
	core "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func main() { run.Main(tour, run.Others{}) }

// guide shows one group of verbs after the other, on objects with labels of its own.
type guide struct {
	configMaps typed.Client[*corev1.ConfigMap]
	ours       labels.Set
	out        io.Writer
}

func tour(ctx context.Context, config *rest.Config, out io.Writer) (err error) {
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	g := &guide{configMaps: typed.For(client, core.ConfigMaps).Namespace("default"), ours: labels.Set{"example": "objects"}, out: out}
	defer func() {
		cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, g.configMaps.DeleteCollection(cleaning, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: g.ours.String()}))
	}()

	watch, err := g.configMaps.Watch(ctx, metav1.ListOptions{LabelSelector: g.ours.String()})
	if err != nil {
		return err
	}
	defer watch.Close()
	for _, stop := range []func(context.Context) error{g.create, g.read, g.update, g.patch, g.apply, g.remove} {
		if err := stop(ctx); err != nil {
			return err
		}
	}
	return g.seen(watch)
}

func (g *guide) sayf(format string, args ...any) { fmt.Fprintf(g.out, format+"\n", args...) }

func (g *guide) create(ctx context.Context) error {
	for _, color := range []string{"red", "green", "blue"} {
		cm := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "example-" + color, Labels: labels.Merge(g.ours, labels.Set{"color": color})},
			Data:       map[string]string{"color": color},
		}
		if _, err := g.configMaps.Create(ctx, cm, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
			return fmt.Errorf("the server would not accept it: %w", err)
		}
		made, err := g.configMaps.Create(ctx, cm, metav1.CreateOptions{FieldManager: "objects"})
		if err != nil {
			return err
		}
		g.sayf("created %s at version %s", made.Name, made.ResourceVersion)
	}
	generated, err := g.configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "example-", Labels: g.ours}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	g.sayf("created one whose name the server has chosen (%d characters)", len(generated.Name))
	return nil
}

func (g *guide) read(ctx context.Context) error {
	red, err := g.configMaps.Get(ctx, "example-red", metav1.GetOptions{})
	if err != nil {
		return err
	}
	g.sayf("got %s: %v", red.Name, red.Data)

	warm, err := labels.Parse("example=objects,color in (red,green)")
	if err != nil {
		return err
	}
	list, err := g.configMaps.List(ctx, metav1.ListOptions{LabelSelector: warm.String()})
	if err != nil {
		return err
	}
	g.sayf("%d of them are red or green", len(list.Items))

	list, err = g.configMaps.List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", "example-blue").String()})
	if err != nil {
		return err
	}
	g.sayf("%d has the name example-blue", len(list.Items))

	n := 0
	for _, err := range g.configMaps.All(ctx, metav1.ListOptions{LabelSelector: g.ours.String(), Limit: 2}) { // two a page
		if err != nil {
			return err
		}
		n++
	}
	g.sayf("%d in all, read two a page", n)
	return nil
}
