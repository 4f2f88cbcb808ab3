package informers_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/informers"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

func watchPods(ctx context.Context, client *rest.Client) error {
	factory := informers.NewSharedInformerFactory(client, informers.Options{})
	defer factory.Shutdown()
	pods := informers.For(factory, corev1.Pods) // a resource is a value that knows its Go type, *v1.Pod
	handler, err := pods.AddEventHandler(informers.ResourceEventHandlerFuncs[*v1.Pod]{
		AddFunc:    func(p *v1.Pod, initial bool) { fmt.Println("there is", p.Name) },
		DeleteFunc: func(p *v1.Pod, finalStateUnknown bool) { fmt.Println("gone is", p.Name) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx)
	if err := factory.WaitForCacheSync(ctx); err != nil {
		return err // it names what has not synced, and why
	}
	<-handler.Synced() // it has been told of every pod that there was
	fmt.Println(len(pods.Lister().List(labels.SelectorFromSet(labels.Set{"app": "web"}))), "web pods")
	return nil
}

// The program of the README, on an API server in memory.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	server := apitest.New(apitest.Options{InMemory: true})
	served := make(chan error)
	go func() { served <- server.Run(ctx) }()
	client, err := rest.NewClient(server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-1", Labels: map[string]string{"app": "web"}}}
	if _, err := typed.For(client, corev1.Pods).Namespace("default").Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		fmt.Println(err)
	}
	if err := watchPods(ctx, client); err != nil {
		fmt.Println(err)
	}
	client.CloseIdle()
	stop()
	<-served
	// Output:
	// there is web-1
	// 1 web pods
}

func TestTheProgramOfTheReadmeIsTheExample(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(source), "func watchPods")
	program, _, _ = strings.Cut("func watchPods"+program, "\n}\n")
	if !strings.Contains(string(readme), "```go\n"+program+"\n}\n```") {
		t.Errorf("README.md does not have this program as it stands here:\n%s\n}", program)
	}
}
