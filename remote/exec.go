package remote

import (
	"context"
	"errors"
	"fmt"
	"io"

	api "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
)

// Command is what to run.
type Command struct {
	// Container may be empty if the pod has only one.
	Container string
	// Args are the program and its arguments. No shell is involved.
	Args []string
}

// Streams are connected to a command. What is nil is not connected.
type Streams struct {
	// Stdin is read until io.EOF, which the command then sees too. When the command ends first, a Read that waits is not waited for, and
	// what it returns is lost.
	Stdin io.Reader
	// Stdout and Stderr are written to by one goroutine: a writer that blocks holds up both. An error of a writer ends the session.
	Stdout, Stderr io.Writer
	// TTY gives the command a terminal. Its output is then one stream, Stdout, and Stderr must be nil. An end of Stdin cannot be told to a
	// command with a terminal.
	TTY bool
	// Resize yields the terminal's size, at the start and after each change. It is read until it is closed or the command ends.
	Resize <-chan Size
}

// Size is a terminal's size in characters.
type Size struct {
	Width, Height uint16
}

// ExitError says that a command ran and ended with an exit code that is not 0.
type ExitError struct {
	Code int
	// Message is the server's account of it.
	Message string
}

// Error shows the code.
func (e *ExitError) Error() string { return fmt.Sprintf("the command exited with code %d", e.Code) }

func (s Streams) check() error {
	switch {
	case s.Stdin == nil && s.Stdout == nil && s.Stderr == nil:
		return errors.New("no stream is connected")
	case s.TTY && s.Stderr != nil:
		return errors.New("a command with a terminal has no Stderr of its own")
	case !s.TTY && s.Resize != nil:
		return errors.New("only a terminal has a size")
	}
	return nil
}

// Exec runs a command in a container of the named pod, and returns when it has ended and all its output has been written. The error is nil
// if it exited with code 0, an *ExitError for another code, an *errors.StatusError if the server refuses or cannot run it, and the
// context's if that ends first; the command may then go on in the pod. It is never started twice: if the connection breaks before the server has
// answered, that is the error, and the command may have run.
func Exec(ctx context.Context, pods typed.Client[*api.Pod], name string, command Command, streams Streams) error {
	if len(command.Args) == 0 {
		return fmt.Errorf("exec in pod %s: there is no command", name)
	}
	return run(ctx, pods, name, "exec", streams, &api.PodExecOptions{
		Container: command.Container,
		Command:   command.Args,
		Stdin:     streams.Stdin != nil,
		Stdout:    streams.Stdout != nil,
		Stderr:    streams.Stderr != nil,
		TTY:       streams.TTY,
	})
}

// Attach connects to the main process of a container of the named pod, and returns when that ends or lets go, as Exec does. Stdin and TTY
// must be as the container's own are. An empty container's name will do if the pod has only one.
func Attach(ctx context.Context, pods typed.Client[*api.Pod], name, container string, streams Streams) error {
	return run(ctx, pods, name, "attach", streams, &api.PodAttachOptions{
		Container: container,
		Stdin:     streams.Stdin != nil,
		Stdout:    streams.Stdout != nil,
		Stderr:    streams.Stderr != nil,
		TTY:       streams.TTY,
	})
}

func run(ctx context.Context, pods typed.Client[*api.Pod], name, subresource string, streams Streams, options any) error {
	if err := streams.check(); err != nil {
		return fmt.Errorf("%s in pod %s: %w", subresource, name, err)
	}
	protocols := []string{protocolV5, protocolV4}
	if streams.Stdin != nil && !streams.TTY {
		// Version 4 cannot say that the input has ended, and a command that waits for it would wait for ever.
		protocols = protocols[:1]
	}
	conn, err := dial(ctx, pods, name, subresource, options, protocols...)
	if err != nil {
		return err
	}
	s := session{conn: conn, streams: streams}
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("%s in pod %s: %w", subresource, name, err)
	}
	return nil
}
