package informers_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/informers"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestTheHealthOfAFactoryIsThatOfAllItsInformers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := inMemory(t)
		f := informers.NewSharedInformerFactory(client, informers.Options{})
		informers.For(f, corev1.ConfigMaps)
		health := f.Health(2 * time.Minute)
		if err := health.Check(nil); err == nil || !strings.Contains(err.Error(), "configmaps/v1: not started") {
			t.Errorf("before the start: %v", err)
		}
		informers.For(f, corev1.Secrets) // after the check was made
		launch(t, f)
		time.Sleep(10 * time.Minute)
		if err := health.Check(nil); err != nil {
			t.Errorf("with bookmarks: %v", err)
		}
		server.Inject(apitest.Fault{On: apitest.Match{Resource: "secrets"}, Do: apitest.Unavailable(0)})
		server.CutConnections()
		time.Sleep(3 * time.Minute)
		if err := health.Check(nil); err == nil || !strings.Contains(err.Error(), "secrets/v1") || strings.Contains(err.Error(), "configmaps") {
			t.Errorf("while one of them is refused: %v", err)
		}
	})
}
