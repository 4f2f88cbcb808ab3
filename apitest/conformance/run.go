package conformance

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"
)

// Scenario is a sequence of requests that a server must answer as the real one does.
type Scenario struct {
	Name     string // a sentence with dashes, also the name of the transcript's file
	Run      func(s *Session)
	Compacts bool // the scenario needs Target.Compact
}

//go:embed transcripts/*.txt
var transcripts embed.FS

// Transcript returns what the real server answers in a scenario.
func Transcript(name string) (string, error) {
	data, err := transcripts.ReadFile(path.Join("transcripts", name+".txt"))
	return string(data), err
}

// Record runs a scenario, in a namespace of its own, and returns its transcript.
func Record(ctx context.Context, target Target, scenario Scenario) (transcript string, err error) {
	s := &Session{target: target, ctx: ctx, names: newNames(), vars: map[string]string{}}
	defer func() {
		if f, ok := recover().(failure); ok {
			err = fmt.Errorf("%s: %w\nafter:\n%s", scenario.Name, f.err, s.log.String())
		}
	}()
	suffix := "-" + letters(time.Now().UnixNano()) // a server may see a scenario more than once
	s.Set("ns", scenario.Name+suffix)
	s.Set("path", "/api/v1/namespaces/"+scenario.Name+suffix)
	if r := s.Silently("POST", "/api/v1/namespaces", `{"metadata":{"name":"$ns"}}`); r.Code != 201 {
		return "", fmt.Errorf("%s: create its namespace: %d %s", scenario.Name, r.Code, r.Body)
	}
	s.Full()
	scenario.Run(s)
	return strings.ReplaceAll(strings.TrimLeft(s.log.String(), "\n"), suffix, ""), nil
}

// letters writes a number in letters, which stay as they are in messages.
func letters(n int64) string {
	var out []byte
	for ; n > 0; n /= 16 {
		out = append(out, byte('g'+n%16))
	}
	return string(out)
}

// Test runs all scenarios against a server, each as a subtest, and compares their transcripts with the real server's. Each leaves a
// namespace behind. Nothing else may use the server meanwhile, or resourceVersions do not follow each other as they should.
func Test(t *testing.T, target Target) {
	for _, scenario := range Scenarios() {
		if scenario.Compacts && target.Compact == nil {
			continue
		}
		t.Run(scenario.Name, func(t *testing.T) {
			if err := Check(t.Context(), target, scenario); err != nil {
				t.Error(err)
			}
		})
	}
}

// Check runs one scenario against a server. The error shows where its transcript differs from the real server's.
func Check(ctx context.Context, target Target, scenario Scenario) error {
	got, err := Record(ctx, target, scenario)
	if err != nil {
		return err
	}
	want, err := Transcript(scenario.Name)
	if err != nil {
		return err
	}
	if difference := compare(got, want); difference != "" {
		return errors.New(difference)
	}
	return nil
}

// compare returns where two transcripts differ, by the request before it; "" if they do not.
func compare(got, want string) string {
	var out strings.Builder
	gotSteps, wantSteps := strings.Split(got, "\n\n"), strings.Split(want, "\n\n")
	for i := range max(len(gotSteps), len(wantSteps)) {
		var g, w string
		if i < len(gotSteps) {
			g = strings.TrimSpace(gotSteps[i])
		}
		if i < len(wantSteps) {
			w = strings.TrimSpace(wantSteps[i])
		}
		if g != w {
			fmt.Fprintf(&out, "\n--- the server's step %d\n%s\n--- the real server's\n%s\n", i, g, w)
		}
	}
	return out.String()
}
