package leaderelection_test

import (
	"context"
	"fmt"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/leaderelection"
	"github.com/sheaf-dev/sheaf/rest"
)

// A process takes part in an election, works while it leads, and gives the Lease up at the end.
func Example() {
	server := apitest.New(apitest.Options{InMemory: true}).Start(&test)
	defer test.end()
	client, err := rest.NewClient(server.Config())
	if err != nil {
		panic(err)
	}
	defer client.CloseIdle()

	ctx, stop := context.WithCancel(context.Background())
	elector, err := leaderelection.New(leaderelection.LeasesIn(client, "kube-system"), "my-controller", leaderelection.Callbacks{
		OnStartedLeading: func(ctx context.Context) {
			_, fenced := leaderelection.Token(ctx)
			fmt.Println("leading, with a fencing token:", fenced)
			stop() // a real process stops on a signal
			<-ctx.Done()
			fmt.Println("the work has stopped")
		},
	}, leaderelection.Options{})
	if err != nil {
		panic(err)
	}
	if err := elector.Run(ctx); err != nil {
		panic(err)
	}
	fmt.Println("the Lease is released; leader:", elector.IsLeader())
	// Output:
	// leading, with a fencing token: true
	// the work has stopped
	// the Lease is released; leader: false
}

var test cleanup

// cleanup stands for a test, which an example does not have.
type cleanup []func()

func (*cleanup) Helper()                           {}
func (c *cleanup) Cleanup(f func())                { *c = append(*c, f) }
func (*cleanup) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (c *cleanup) end() {
	for _, f := range *c {
		f()
	}
}
