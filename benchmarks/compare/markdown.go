package main

import (
	"fmt"
	"strings"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

const preface = `# sheaf and client-go, measured side by side

Written by ` + "`make compare`" + `; do not edit. Both sides run as processes of their own, in turn, against the same server, which sends both the
same bytes; the CPU is that of the process alone, user and system, the live heap what two garbage collections leave, the peak RSS the kernel's
VmHWM. Each cell is the median of the rounds, with the least and the most in brackets; the ratio is sheaf's median divided by
client-go's. A bar is the largest ratio that was promised.
`

// markdown is the report.
func (all *results) markdown() string {
	var b strings.Builder
	b.WriteString(preface)
	b.WriteString("\n")
	for _, line := range all.Machine {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	met, missed := all.count()
	fmt.Fprintf(&b, "- %d bars are met, %d are missed\n", met, missed)
	charts := all.charts()
	for _, name := range chartNames {
		if _, ok := charts[name]; ok {
			fmt.Fprintf(&b, "\n![%s](%s)\n", strings.TrimSuffix(name, ".svg"), name)
		}
	}
	newest := all.newest()
	group := ""
	for _, r := range all.Rows {
		if r.Group != group {
			group = r.Group
			fmt.Fprintf(&b, "\n## %s\n\n| workload | figure | client-go | sheaf | ratio | bar | |\n|---|---|---|---|---|---|---|\n", group)
		}
		r.markdown(&b, newest)
	}
	return b.String()
}

// newest is the day on which a row was measured last.
func (all *results) newest() (day string) {
	for _, r := range all.Rows {
		day = max(day, r.Taken)
	}
	return day
}

// markdown writes a row's lines. One that is older than the newest, and of an earlier commit, has its day.
func (r *row) markdown(b *strings.Builder, newest string) {
	name := r.Name
	if r.Taken != newest {
		name += " (measured on " + r.Taken + ")"
	}
	for _, l := range r.lines() {
		ratio := ""
		if l.ratio > 0 {
			ratio = fmt.Sprintf("%.3g", l.ratio)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", name, l.title, l.peer.text(l.unit), l.sheaf.text(l.unit), ratio, l.bar, l.verdict())
		name = ""
	}
}

func (s spread) text(unit workload.Unit) string {
	if s.least == s.most {
		return unit.Text(s.median)
	}
	return fmt.Sprintf("%s (%s – %s)", unit.Text(s.median), unit.Text(s.least), unit.Text(s.most))
}

// count counts the bars.
func (all *results) count() (met, missed int) {
	for _, r := range all.Rows {
		for _, l := range r.lines() {
			switch {
			case l.bar == "":
			case l.met:
				met++
			default:
				missed++
			}
		}
	}
	return met, missed
}
