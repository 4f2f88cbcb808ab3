package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// row is a workload with all that was measured of it.
type row struct {
	workload.Workload
	Taken   string
	Rounds  int
	Figures map[side]map[string][]float64 // by figure, one value a round
}

func (r *row) add(s side, figures workload.Figures) {
	if r.Figures == nil {
		r.Figures = map[side]map[string][]float64{peer: {}, sheaf: {}}
	}
	for name, v := range figures {
		r.Figures[s][name] = append(r.Figures[s][name], v)
	}
}

// spread is the middle and the ends of some values.
type spread struct{ least, median, most float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return spread{sorted[0], (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[n-1]}
}

// line is one figure of a row, compared.
type line struct {
	title       string
	unit        workload.Unit
	peer, sheaf spread
	ratio       float64 // of the medians; 0: there is none
	bar         string  // "": none
	met         bool
}

// lines compares the figures that both sides have, in the order in which they are shown.
func (r *row) lines() []line {
	var out []line
	for _, f := range workload.All {
		p, s := r.Figures[peer][f.Name], r.Figures[sheaf][f.Name]
		if len(p) == 0 || len(s) == 0 {
			continue
		}
		l := line{title: f.Title, unit: f.Unit, peer: spreadOf(p), sheaf: spreadOf(s)}
		if l.peer.median > 0 && f.Unit != workload.Ratio {
			l.ratio = l.sheaf.median / l.peer.median
		}
		if bar, ok := r.Bars[f.Name]; ok {
			l.bar, l.met = fmt.Sprintf("≤ %g", bar), l.ratio <= bar
		}
		if limit, ok := r.Limits[f.Name]; ok {
			l.bar, l.met = "sheaf ≤ "+f.Unit.Text(limit), l.sheaf.median <= limit
		}
		out = append(out, l)
	}
	return out
}

// verdict says in a word whether the bar was met.
func (l *line) verdict() string {
	switch {
	case l.bar == "":
		return ""
	case l.met:
		return "met"
	}
	return "**missed**"
}

// brief is the row in a line, for who watches.
func (r *row) brief() string {
	var parts []string
	for _, l := range r.lines() {
		if l.bar == "" && l.title != "CPU" && l.title != "live heap" && l.title != "peak RSS" && l.title != "CPU an event" {
			continue
		}
		text := fmt.Sprintf("%s %.3f", l.title, l.ratio)
		if l.ratio == 0 {
			text = fmt.Sprintf("%s %s", l.title, l.unit.Text(l.sheaf.median))
		}
		if l.bar != "" && !l.met {
			text += " (missed: " + l.bar + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// results are all rows there are.
type results struct {
	Machine []string
	Rows    []*row
}

// put adds a row, or replaces the one of the same workload. The order is that of the table of workloads; rows that the table does not have any
// more are left out.
func (all *results) put(r *row) {
	order := map[string]int{}
	for i, w := range workloads() {
		order[w.ID()] = i
	}
	all.Rows = slices.DeleteFunc(all.Rows, func(old *row) bool {
		_, known := order[old.ID()]
		return old.ID() == r.ID() || !known
	})
	all.Rows = append(all.Rows, r)
	slices.SortFunc(all.Rows, func(a, b *row) int { return cmp.Compare(order[a.ID()], order[b.ID()]) })
}
