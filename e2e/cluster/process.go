package cluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// A process is one server, a child of this process, with its output in a file.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd

	done chan struct{} // closed when the process has ended
	err  error         // how it ended; read it after done
}

// startProcess starts a program whose output is appended to the file log.
func startProcess(program, log string, args []string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	p := &process{name: filepath.Base(program), log: log, done: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = serverEnvironment(os.Environ())
	p.cmd.SysProcAttr = childAttributes()

	started := make(chan error, 1)
	go func() {
		defer out.Close()
		// The kernel kills the child when the thread that started it ends, and
		// Go may end a thread early; this one is kept until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	return p, nil
}

// serverEnvironment leaves out what etcd would read as its settings.
func serverEnvironment(all []string) []string {
	var kept []string
	for _, v := range all {
		if !strings.HasPrefix(v, "ETCD_") {
			kept = append(kept, v)
		}
	}
	return kept
}

// stop asks the process to end, kills its group when it has not after grace (at
// once when grace is 0), and returns when it is gone. A second stop does
// nothing.
func (p *process) stop(grace time.Duration) error {
	if p == nil || p.exited() {
		return nil
	}
	group := -p.cmd.Process.Pid
	if grace > 0 {
		if err := syscall.Kill(group, syscall.SIGTERM); err == nil {
			select {
			case <-p.done:
				return nil
			case <-time.After(grace):
			}
		}
	}
	err := syscall.Kill(group, syscall.SIGKILL)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s (pid %d): %w", p.name, p.cmd.Process.Pid, err)
	}
	<-p.done
	return nil
}

func (p *process) exited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// logTail is how much of a log an error shows.
const logTail = 4 << 10

// tail returns the last lines of the log.
func (p *process) tail() string {
	f, err := os.Open(p.log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err.Error()
	}
	from := max(0, size-logTail)
	b, err := io.ReadAll(io.NewSectionReader(f, from, logTail))
	if err != nil {
		return err.Error()
	}
	text := string(b)
	if from > 0 {
		_, text, _ = strings.Cut(text, "\n") // the first line is cut in two
	}
	return text
}

// failure says how a process disappoints, with the end of its log.
func (p *process) failure(what string, err error) error {
	return fmt.Errorf("%s %s: %w\n--- end of %s ---\n%s", p.name, what, err, p.log, p.tail())
}
