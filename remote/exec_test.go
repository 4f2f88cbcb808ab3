package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	succeeded = `{"metadata":{},"status":"Success"}`
	code3     = `{"metadata":{},"status":"Failure","message":"command terminated with exit code 3","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}`
)

var newest = []string{"v5.channel.k8s.io", "v4.channel.k8s.io"}

// cat copies its input to its output until the input ends.
func cat(c *container) {
	for {
		channel, data, ok := c.hear()
		switch {
		case !ok:
			return
		case channel == 0:
			c.say(1, data)
		case channel == 255 && data == "\x00":
			c.say(3, succeeded)
			return
		default:
			c.t.Errorf("got %q on channel %d", data, channel)
		}
	}
}

func TestACommandReadsItsInputToTheEnd(t *testing.T) {
	k, pods := commands(t, newest, cat)
	text := strings.Repeat("some input, ", 100_000)
	var out bytes.Buffer
	err := Exec(t.Context(), pods, "p", Command{Container: "app", Args: []string{"cat", "-"}}, Streams{Stdin: strings.NewReader(text), Stdout: &out})
	if err != nil || out.String() != text {
		t.Errorf("got %d bytes of %d, %v", out.Len(), len(text), err)
	}
	path, query, header := k.asked()
	want := map[string][]string{"container": {"app"}, "command": {"cat", "-"}, "stdin": {"true"}, "stdout": {"true"}}
	if path != "/api/v1/namespaces/shop/pods/p/exec" || !reflect.DeepEqual(map[string][]string(query), want) {
		t.Errorf("asked for %s with %v", path, query)
	}
	if header.Get("Authorization") != "Bearer secret" || header.Get("Sec-WebSocket-Protocol") != "v5.channel.k8s.io" {
		t.Errorf("asked with %v", header)
	}
}

func TestOutputAndErrorsAreApart(t *testing.T) {
	_, pods := commands(t, newest, func(c *container) {
		for _, channel := range []byte{0, 1, 2, 3} { // as some servers begin
			c.say(channel, "")
		}
		c.say(1, "out 1\n")
		c.say(2, "err\n")
		c.say(9, "a channel that nobody knows")
		c.say(3, succeeded)
		c.say(1, "out 2\n") // may come after the last word
	})
	var out, errs bytes.Buffer
	err := Exec(t.Context(), pods, "p", Command{Args: []string{"x"}}, Streams{Stdout: &out, Stderr: &errs})
	if err != nil || out.String() != "out 1\nout 2\n" || errs.String() != "err\n" {
		t.Errorf("got %q and %q, %v", out.String(), errs.String(), err)
	}
	if err := Exec(t.Context(), pods, "p", Command{Args: []string{"x"}}, Streams{Stdout: io.Discard}); err != nil {
		t.Errorf("with one stream alone: %v", err)
	}
}

func TestAnExitCodeIsATypedError(t *testing.T) {
	for _, protocol := range newest {
		_, pods := commands(t, []string{protocol}, func(c *container) { c.say(3, code3) })
		err := Exec(t.Context(), pods, "p", Command{Args: []string{"x"}}, Streams{Stdout: io.Discard})
		var exit *ExitError
		if !errors.As(err, &exit) || exit.Code != 3 || exit.Message == "" || !strings.Contains(err.Error(), "pod p") {
			t.Errorf("over %s: %v", protocol, err)
		}
	}
}

func TestACommandThatCannotBeRunIsAnErrorOfTheServers(t *testing.T) {
	_, pods := commands(t, newest, func(c *container) {
		c.say(3, `{"status":"Failure","reason":"InternalError","message":"no such file","code":500}`)
	})
	err := Exec(t.Context(), pods, "p", Command{Args: []string{"x"}}, Streams{Stdout: io.Discard})
	if !apierrors.IsInternalError(err) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
	for _, nonsense := range []string{"not JSON", `{"status":"Failure","reason":"NonZeroExitCode"}`,
		`{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"many"}]}}`} {
		_, pods := commands(t, newest, func(c *container) { c.say(3, nonsense) })
		var exit *ExitError
		err := Exec(t.Context(), pods, "p", Command{Args: []string{"x"}}, Streams{Stdout: io.Discard})
		if err == nil || errors.As(err, &exit) {
			t.Errorf("%s: %v", nonsense, err)
		}
	}
}

func TestARefusedCommandIsAnErrorOfTheServersAndShowsNoArgument(t *testing.T) {
	pods := podsOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"you may not","code":403}`)
	}))
	err := Exec(t.Context(), pods, "p", Command{Args: []string{"login", "hidden"}}, Streams{Stdout: io.Discard})
	if !apierrors.IsForbidden(err) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %v", err)
	}
	pods = podsOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a page") }))
	if err = Exec(t.Context(), pods, "p", Command{Args: []string{"hidden"}}, Streams{Stdout: io.Discard}); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %v", err)
	}
}

// The server may have started the command before the connection broke.
func TestACommandWhoseAnswerIsLostIsNotStartedAgain(t *testing.T) {
	var started atomic.Int32
	pods := podsOf(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		started.Add(1)
		panic(http.ErrAbortHandler)
	}))
	err := Exec(t.Context(), pods, "p", Command{Args: []string{"pay"}}, Streams{Stdout: io.Discard})
	if err == nil || started.Load() != 1 {
		t.Errorf("started %d times: %v", started.Load(), err)
	}
}

func TestTheEndOfInputIsNeverLostOnAnOlderProtocol(t *testing.T) {
	_, pods := commands(t, []string{"v4.channel.k8s.io"}, func(c *container) { c.say(3, succeeded) })
	err := Exec(t.Context(), pods, "p", Command{Args: []string{"cat"}}, Streams{Stdin: strings.NewReader("x"), Stdout: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "v5.channel.k8s.io") {
		t.Errorf("error %v", err)
	}
	if err := Exec(t.Context(), pods, "p", Command{Args: []string{"sh"}}, Streams{Stdin: strings.NewReader(""), Stdout: io.Discard, TTY: true}); err != nil {
		t.Errorf("with a terminal: %v", err)
	}
}

func TestATerminalIsToldItsSize(t *testing.T) {
	var heard []string
	k, pods := commands(t, newest, func(c *container) {
		for range 2 {
			channel, data, _ := c.hear()
			heard = append(heard, fmt.Sprint(channel, data))
		}
		c.say(3, succeeded)
	})
	sizes := make(chan Size, 2)
	sizes <- Size{Width: 80, Height: 24}
	sizes <- Size{Width: 132, Height: 50}
	if err := Attach(t.Context(), pods, "p", "app", Streams{Stdout: io.Discard, TTY: true, Resize: sizes}); err != nil {
		t.Fatal(err)
	}
	if want := []string{`4{"Width":80,"Height":24}`, `4{"Width":132,"Height":50}`}; !reflect.DeepEqual(heard, want) {
		t.Errorf("the terminal heard %q", heard)
	}
	if path, query, _ := k.asked(); path != "/api/v1/namespaces/shop/pods/p/attach" || query.Get("tty") != "true" || query.Get("container") != "app" {
		t.Errorf("asked for %s with %v", path, query)
	}
}

func TestAContextEndsACommand(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("it is over")
	_, pods := commands(t, newest, func(c *container) {
		c.say(1, "started")
		cancel(over)
		c.hear()
	})
	in, never := io.Pipe()
	defer never.Close()
	err := Exec(ctx, pods, "p", Command{Args: []string{"sleep"}}, Streams{Stdin: in, Stdout: io.Discard})
	if !errors.Is(err, over) {
		t.Errorf("error %v", err)
	}
}

func TestAConnectionThatEndsWithoutALastWordIsAnError(t *testing.T) {
	for name, end := range map[string]func(c *container){
		"in good order": func(*container) {},
		"abruptly":      func(c *container) { c.conn.CloseNow() },
		"in a message": func(c *container) {
			w, err := c.conn.Writer(c.ctx, websocket.MessageBinary)
			if err == nil {
				_, err = w.Write(bytes.Repeat([]byte{1}, 10_000))
			}
			if err != nil {
				c.t.Error(err)
			}
			c.conn.CloseNow()
		},
	} {
		_, pods := commands(t, newest, end)
		if err := Exec(t.Context(), pods, "p", Command{Args: []string{"x"}}, Streams{Stdout: io.Discard}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errors.New("the disk is gone") }
func (broken) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestAStreamThatFailsEndsTheCommand(t *testing.T) {
	_, pods := commands(t, newest, func(c *container) {
		c.say(1, "x")
		c.hear()
	})
	err := Exec(t.Context(), pods, "p", Command{Args: []string{"x"}}, Streams{Stdin: broken{}, Stdout: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("a broken input: %v", err)
	}
	err = Exec(t.Context(), pods, "p", Command{Args: []string{"x"}}, Streams{Stdout: broken{}})
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a broken output: %v", err)
	}
}

func TestAMistakeIsAnErrorWithoutARequest(t *testing.T) {
	k, pods := commands(t, newest, func(c *container) { c.t.Error("it was sent") })
	args := Command{Args: []string{"x"}}
	for name, err := range map[string]error{
		"no command":        Exec(t.Context(), pods, "p", Command{}, Streams{Stdout: io.Discard}),
		"no stream":         Exec(t.Context(), pods, "p", args, Streams{}),
		"two outputs":       Exec(t.Context(), pods, "p", args, Streams{Stdout: io.Discard, Stderr: io.Discard, TTY: true}),
		"size without tty":  Exec(t.Context(), pods, "p", args, Streams{Stdout: io.Discard, Resize: make(chan Size)}),
		"no name":           Exec(t.Context(), pods, "", args, Streams{Stdout: io.Discard}),
		"all namespaces":    Exec(t.Context(), pods.Namespace(""), "p", args, Streams{Stdout: io.Discard}),
		"attach no stream":  Attach(t.Context(), pods, "p", "", Streams{}),
		"a name with slash": Attach(t.Context(), pods, "p/exec", "", Streams{Stdout: io.Discard}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if path, _, _ := k.asked(); path != "" {
		t.Errorf("asked for %s", path)
	}
}

func ExampleExec() {
	pods, stop := demoPod()
	defer stop()

	var out bytes.Buffer
	err := Exec(context.Background(), pods, "cart-0", Command{Args: []string{"tr", "a-z", "A-Z"}}, Streams{
		Stdin:  strings.NewReader("hello"),
		Stdout: &out,
	})
	fmt.Println(out.String(), err)

	var exit *ExitError
	err = Exec(context.Background(), pods, "cart-0", Command{Args: []string{"false"}}, Streams{Stdout: &out})
	if errors.As(err, &exit) {
		fmt.Println("exit code", exit.Code)
	}
	// Output:
	// HELLO <nil>
	// exit code 3
}
