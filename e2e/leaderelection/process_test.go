package leaderelection_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sheaf-dev/sheaf/clientcmd"
	"github.com/sheaf-dev/sheaf/e2e/cluster"
	"github.com/sheaf-dev/sheaf/rest"
)

// The tests' own program is that of the processes, too: these tell them apart.
const (
	programEnv    = "SHEAF_E2E_PROGRAM"
	nameEnv       = "SHEAF_E2E_NAME"
	kubeconfigEnv = "SHEAF_E2E_KUBECONFIG"
)

// programs are what a process can be. They end soon after their context.
var programs = map[string]func(ctx context.Context, name string, client *rest.Client) error{
	"candidate": candidate,
	"replica":   replica,
}

// run is the main function of a process. It ends in good order when it is told to.
func run() error {
	config, err := clientcmd.BuildConfig("", os.Getenv(kubeconfigEnv))
	if err != nil {
		return err
	}
	client, err := rest.NewClient(config)
	if err != nil {
		return err
	}
	defer client.CloseIdle()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return programs[os.Getenv(programEnv)](ctx, os.Getenv(nameEnv), client)
}

// meanwhile does something, and looks again and again until it is done.
func meanwhile(do func() error, every time.Duration, look func()) error {
	over := make(chan error, 1)
	go func() { over <- do() }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case err := <-over:
			return err
		case <-tick.C:
			look()
		}
	}
}

// process is a program that runs.
type process struct {
	name string
	cmd  *exec.Cmd
	over chan struct{} // closed when it has ended
}

// start starts a program, which is killed at the end of the test if it still runs. Each line that it prints is told to take.
func start(t *testing.T, program, name string, take func(line string), env ...string) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, server.Kubeconfig(server.URL, cluster.Admin), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &process{name: name, cmd: exec.Command(os.Args[0]), over: make(chan struct{})}
	p.cmd.Env = append(env, programEnv+"="+program, nameEnv+"="+name, kubeconfigEnv+"="+file, "HOME="+t.TempDir())
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.over)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			take(lines.Text())
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.over
	})
	return p
}

// send sends a signal, and waits for the end of a process that must not survive it.
func (p *process) send(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	if s == syscall.SIGKILL || s == syscall.SIGTERM {
		<-p.over
	}
}

// alive says whether the process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.over:
		return false
	default:
		return true
	}
}
