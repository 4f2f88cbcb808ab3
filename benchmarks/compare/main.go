package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"regexp"
	"time"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// options are the command's flags.
type options struct {
	rounds  int
	only    *regexp.Regexp
	quick   bool
	cold    bool
	out     string
	profile string
}

func main() {
	log.SetFlags(0)
	var o options
	only := flag.String("only", "", "run the workloads whose group and name match this `expression`")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each side runs each workload; the largest run twice at most")
	flag.BoolVar(&o.quick, "quick", false, "a smoke run: one round, no more than 20,000 objects")
	flag.BoolVar(&o.cold, "cold", false, "measure cold compiles too, each of which takes minutes")
	flag.StringVar(&o.out, "out", "results", "the `folder` for the results; what it has of other workloads is kept")
	flag.StringVar(&o.profile, "profile", "", "write CPU and heap profiles of each run into this `folder`")
	list := flag.Bool("list", false, "list the workloads and stop")
	flag.Parse()
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		log.Fatal(err)
	}
	if o.quick {
		o.rounds = 1
	}
	if *list {
		for _, w := range o.chosen() {
			fmt.Println(w.ID())
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, &o); err != nil {
		log.Fatal(err)
	}
}

// quickCount is the largest population of a smoke run.
const quickCount = 20_000

// chosen returns the workloads to run.
func (o *options) chosen() []workload.Workload {
	var out []workload.Workload
	for _, w := range workloads() {
		if o.only.MatchString(w.ID()) && (!o.quick || w.Count <= quickCount) {
			out = append(out, w)
		}
	}
	return out
}

// roundsOf is how often a workload is run.
func (o *options) roundsOf(w *workload.Workload) int {
	if w.Rounds > 0 {
		return min(o.rounds, w.Rounds)
	}
	return o.rounds
}

// compare measures and writes. The results are written after each workload, so that a run that is broken off has some.
func compare(ctx context.Context, o *options) error {
	bench, err := build(ctx)
	if err != nil {
		return err
	}
	defer bench.clean()
	bench.profile = o.profile
	all, err := readResults(o.out)
	if err != nil {
		return err
	}
	all.Machine = describe(ctx)
	for _, w := range o.chosen() {
		start := time.Now()
		row, err := bench.measure(ctx, w, o)
		if err != nil {
			return fmt.Errorf("%s: %w", w.ID(), err)
		}
		row.Taken = time.Now().UTC().Format("2006-01-02")
		row.Rounds = o.roundsOf(&w)
		all.put(row)
		if err := all.write(o.out); err != nil {
			return err
		}
		log.Printf("%-70s %6.1f s   %s", w.ID(), time.Since(start).Seconds(), row.brief())
	}
	return nil
}
