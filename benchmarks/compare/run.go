package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// side is one of the two programs.
type side string

const (
	peer  side = "peer"
	sheaf side = "sheaf"
)

// measure runs one workload for all rounds. Who begins changes from round to round.
func (b *bench) measure(ctx context.Context, w workload.Workload, o *options) (*row, error) {
	out := &row{Workload: w, Figures: map[side]map[string][]float64{peer: {}, sheaf: {}}}
	if w.Act == workload.Build {
		return out, b.measureBuild(ctx, out, o)
	}
	server, err := b.serve(ctx, &w)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	for round := range o.roundsOf(&w) {
		order := []side{peer, sheaf}
		if round%2 == 1 {
			order = []side{sheaf, peer}
		}
		for _, s := range order {
			figures, err := b.run(ctx, s, &w, server.url, round)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s, err)
			}
			out.add(s, figures)
		}
	}
	return out, nil
}

// server is the server's process.
type server struct {
	url string
	cmd *exec.Cmd
}

// serve starts the server and waits until it is ready.
func (b *bench) serve(ctx context.Context, w *workload.Workload) (*server, error) {
	spec, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.program("server"), string(spec))
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // the server lives until it is closed
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("the server has not become ready: %w", err)
	}
	s.url = strings.TrimSpace(line)
	return s, nil
}

func (s *server) stop() {
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()         // its error would be the kill
}

// run runs one program once.
func (b *bench) run(ctx context.Context, s side, w *workload.Workload, url string, round int) (workload.Figures, error) {
	spec, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.program(string(s)), string(spec), url)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "GOMEMLIMIT=off", "GOGC=100")
	if w.MemoryLimit > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMEMLIMIT=%dMiB", w.MemoryLimit))
	}
	if b.profile != "" {
		cmd.Env = append(cmd.Env, "SHEAF_BENCH_PROFILE="+filepath.Join(b.profile, fmt.Sprintf("%s-%s-%d", fileName(w.ID()), s, round)))
	}
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	figures := workload.Figures{}
	if err := json.Unmarshal(stdout.Bytes(), &figures); err != nil {
		return nil, fmt.Errorf("its figures: %w", err)
	}
	if d, ok := figures[workload.Delivered]; ok && d < 1 {
		log.Printf("%s: %s delivered %.1f %% of the handler calls", w.ID(), s, 100*d)
	}
	return figures, nil
}

// fileName makes a file name of a title.
func fileName(title string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(title)), "-")
}
