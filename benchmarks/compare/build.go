package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// bench has the programs.
type bench struct {
	dir     string
	profile string
}

// build builds the programs into a folder for the time being. It must be called in the folder of the benchmarks' module.
func build(ctx context.Context) (*bench, error) {
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir, "./server", "./sheaf", "./peer")
	if text, err := cmd.CombinedOutput(); err != nil {
		b.clean()
		return nil, fmt.Errorf("go build: %w\n%s", err, text)
	}
	return b, nil
}

func (b *bench) program(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) clean() { _ = os.RemoveAll(b.dir) } // it is a temporary folder

// measureBuild measures the minimal controllers: what it costs to build and to start one.
func (b *bench) measureBuild(ctx context.Context, out *row, o *options) error {
	for _, s := range []side{peer, sheaf} {
		pkg, file := "./minimal/"+string(s), filepath.Join(b.dir, "minimal-"+string(s))
		for _, variant := range []struct{ figure, flags string }{{workload.Binary, ""}, {workload.Stripped, "-s -w"}} {
			if _, err := goBuild(ctx, pkg, file, variant.flags, nil); err != nil {
				return err
			}
			info, err := os.Stat(file)
			if err != nil {
				return err
			}
			out.add(s, workload.Figures{variant.figure: float64(info.Size())})
		}
		text, err := exec.CommandContext(ctx, "go", "list", "-deps", pkg).Output()
		if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		out.add(s, workload.Figures{workload.Packages: float64(strings.Count(string(text), "\n"))})
	}
	for round := range o.rounds {
		for _, s := range []side{peer, sheaf} {
			if err := b.measureStart(ctx, out, s); err != nil {
				return err
			}
			if o.cold && round == 0 { // the compiler does the same work every time
				if err := b.measureCold(ctx, out, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// goBuild builds a package and returns the CPU seconds of the compiler and linker.
func goBuild(ctx context.Context, pkg, file, ldflags string, env []string) (float64, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags="+ldflags, "-o", file, pkg)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
}

// measureCold builds with an empty build cache.
func (b *bench) measureCold(ctx context.Context, out *row, s side) error {
	cache, err := os.MkdirTemp(b.dir, "cold")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	cpu, err := goBuild(ctx, "./minimal/"+string(s), filepath.Join(b.dir, "cold-"+string(s)), "", []string{"GOCACHE=" + cache})
	out.add(s, workload.Figures{workload.Compile: cpu})
	return err
}

// startsARound is how often a minimal controller is started in a round.
const startsARound = 10

// measureStart starts a minimal controller, which does nothing but say when its main began and what its heap is.
func (b *bench) measureStart(ctx context.Context, out *row, s side) error {
	for range startsARound {
		cmd := exec.CommandContext(ctx, filepath.Join(b.dir, "minimal-"+string(s)), "-start")
		text, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("start the minimal controller: %w", err)
		}
		heap, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
		if err != nil {
			return err
		}
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			return fmt.Errorf("no resource usage on %s", runtime.GOOS)
		}
		seconds := float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
		out.add(s, workload.Figures{workload.HeapStart: heap, workload.Start: seconds})
	}
	return nil
}
