package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/rest"
)

// inBubble runs a test in fake time with a server in memory.
func inBubble(t *testing.T, test func(t *testing.T, config *rest.Config, client *rest.Client, server *apitest.Server)) {
	synctest.Test(t, func(t *testing.T) {
		server := apitest.New(apitest.Options{InMemory: true, Seed: 1}).Start(t)
		config := server.Config()
		client, err := rest.NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()
		test(t, config, client, server)
	})
}

func filled(t *testing.T, client *rest.Client, deployments, pods int) *fleet {
	t.Helper()
	f := newFleet(client, deployments, pods)
	if err := f.fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestEveryConfigMapIsRightAfterThreeHundredChanges(t *testing.T) {
	inBubble(t, func(t *testing.T, config *rest.Config, client *rest.Client, _ *apitest.Server) {
		f := filled(t, client, 12, 60)
		o := options{workers: 4, churn: 50, duration: 6 * time.Second}
		if err := control(t.Context(), config, o, f); err != nil {
			t.Fatal(err)
		}
	})
}

func TestConfigMapsAreRightAlthoughWatchesBreak(t *testing.T) {
	inBubble(t, func(t *testing.T, config *rest.Config, client *rest.Client, server *apitest.Server) {
		f := filled(t, client, 6, 30)
		for second := range 3 { // just when a change is under way, as many are
			breaking := time.AfterFunc(time.Duration(1+second)*time.Second, server.CutConnections)
			defer breaking.Stop()
		}
		if err := control(t.Context(), config, options{workers: 2, churn: 20, duration: 4 * time.Second}, f); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAnInterruptEndsCleanlyAndStillCompares(t *testing.T) {
	inBubble(t, func(t *testing.T, config *rest.Config, client *rest.Client, _ *apitest.Server) {
		f := filled(t, client, 3, 9)
		ctx, interrupt := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { interrupt(errors.New("interrupt signal received")) })
		if err := control(ctx, config, options{workers: 1, churn: 10}, f); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAConfigMapOfSomebodyElseStaysAsItIs(t *testing.T) {
	inBubble(t, func(t *testing.T, config *rest.Config, client *rest.Client, _ *apitest.Server) {
		f := newFleet(client, 1, 1)
		if _, err := f.namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "team-00"}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		theirs := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: "team-00", Name: "app-000" + nameSuffix},
			Data:       map[string]string{"theirs": "yes"},
		}
		maps := f.configMaps.Namespace("team-00")
		if _, err := maps.Create(t.Context(), theirs, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := f.deploy(t.Context(), f.apps[0]); err != nil {
			t.Fatal(err)
		}
		k, err := newKeeper(client, options{workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := k.run(ctx); err != nil {
			t.Fatal(err)
		}
		live, err := maps.Get(t.Context(), theirs.Name, metav1.GetOptions{})
		if err != nil || live.Data["theirs"] != "yes" || len(live.OwnerReferences) != 0 {
			t.Errorf("the ConfigMap is now %v (%v)", live, err)
		}
		if k.failures.Load() != 0 {
			t.Errorf("%d reconciles failed", k.failures.Load())
		}
	})
}

func TestAServerThatIsNotThereEndsTheProgram(t *testing.T) {
	config := &rest.Config{Host: "http://127.0.0.1:1"}
	err := control(t.Context(), config, options{workers: 1}, nil)
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || strings.Contains(err.Error(), "\n") {
		t.Errorf("want one sentence that names the server, got: %v", err)
	}
}
