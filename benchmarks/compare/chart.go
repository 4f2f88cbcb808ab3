package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

// chartNames are the charts' files, in the order of the report.
var chartNames = []string{"ratios.svg", "growth-memory.svg", "growth-cpu.svg"}

// charts draws what there is to draw, by file name.
func (all *results) charts() map[string]string {
	out := map[string]string{}
	if svg := all.ratioChart(); svg != "" {
		out["ratios.svg"] = svg
	}
	if svg := all.growthChart("Peak RSS while a cache of pods syncs", workload.Peak, workload.Bytes); svg != "" {
		out["growth-memory.svg"] = svg
	}
	if svg := all.growthChart("CPU until a cache of pods has synced", workload.CPU, workload.Seconds); svg != "" {
		out["growth-cpu.svg"] = svg
	}
	return out
}

// The colours work on light and on dark pages.
const (
	peerColor  = "#8b949e"
	sheafColor = "#2f81f7"
	barColor   = "#d29922"
	textColor  = "#768390"
	style      = `font-family="system-ui, sans-serif" font-size="13"`
)

func openSVG(b *strings.Builder, width, height int, title string) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" %s fill="%s">`+"\n", width, height, width, height, style, textColor)
	fmt.Fprintf(b, `<title>%s</title><text x="12" y="22" font-size="15" font-weight="600">%s</text>`+"\n", title, title)
}

// charted are the figures of the ratio chart.
var charted = []string{workload.CPU, workload.PerEvent, workload.Live, workload.Peak}

// ratioChart shows for each promised ratio how long sheaf's bar is where client-go's is 1, and where the promise is.
func (all *results) ratioChart() string {
	type entry struct {
		label      string
		ratio, bar float64
	}
	var entries []entry
	for _, r := range all.Rows {
		for _, name := range charted {
			bar, ok := r.Bars[name]
			p, s := r.Figures[peer][name], r.Figures[sheaf][name]
			if ok && bar < 1 && len(p) > 0 && len(s) > 0 {
				entries = append(entries, entry{r.Name + ": " + name, spreadOf(s).median / spreadOf(p).median, bar})
			}
		}
	}
	if len(entries) == 0 {
		return ""
	}
	const left, width, step = 360, 480, 22
	var b strings.Builder
	openSVG(&b, left+width+70, 56+step*len(entries), "sheaf, as a part of client-go (shorter is better; the mark is the promise)")
	for i, e := range entries {
		y := 44 + i*step
		length := math.Min(e.ratio, 1.1) * width / 1.1
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, left-8, y+12, e.label)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="15" fill="%s" opacity="0.25"/>`, left, y, width/1.1, peerColor)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="15" fill="%s"/>`, left, y, length, sheafColor)
		fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="3" height="21" fill="%s"/>`, left+e.bar*width/1.1-1, y-3, barColor)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.2f</text>`+"\n", left+math.Max(length, width/1.1)+6, y+12, e.ratio)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// plot maps numbers onto a chart, both axes logarithmic.
type plot struct {
	fromX, toX, fromY, toY float64
}

// The area of a growth chart.
const (
	plotLeft, plotTop     = 76, 44
	plotWidth, plotHeight = 640, 300
)

func (p plot) x(v float64) float64 {
	return plotLeft + plotWidth*math.Log(v/p.fromX)/math.Log(p.toX/p.fromX)
}

func (p plot) y(v float64) float64 {
	return plotTop + plotHeight*(1-math.Log(v/p.fromY)/math.Log(p.toY/p.fromY))
}

// growthChart shows a figure over the number of objects, for both sides.
func (all *results) growthChart(title, figure string, unit workload.Unit) string {
	counts := []float64{}
	medians := map[side][]float64{}
	p := plot{fromY: math.Inf(1), toY: 0}
	for _, r := range all.Rows {
		if r.Group != growthGroup || len(r.Figures[peer][figure]) == 0 || len(r.Figures[sheaf][figure]) == 0 {
			continue
		}
		counts = append(counts, float64(r.Count))
		for _, s := range []side{peer, sheaf} {
			v := spreadOf(r.Figures[s][figure]).median
			medians[s] = append(medians[s], v)
			p.fromY, p.toY = math.Min(p.fromY, v), math.Max(p.toY, v)
		}
	}
	if len(counts) < 2 {
		return ""
	}
	p.fromX, p.toX = counts[0], counts[len(counts)-1]
	p.fromY, p.toY = math.Pow(10, math.Floor(math.Log10(p.fromY))), math.Pow(10, math.Ceil(math.Log10(p.toY)))
	var b strings.Builder
	openSVG(&b, plotLeft+plotWidth+110, plotTop+plotHeight+50, title)
	for v := p.fromY; v <= p.toY*1.001; v *= 10 {
		fmt.Fprintf(&b, `<path d="M%d %.1f h%d" stroke="%s" opacity="0.3"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			plotLeft, p.y(v), plotWidth, textColor, plotLeft-8, p.y(v)+4, unit.Text(v))
	}
	for _, n := range counts {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, p.x(n), plotTop+plotHeight+20, thousands(int(n)))
	}
	for _, s := range []side{peer, sheaf} {
		curve(&b, p, s, counts, medians[s])
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">pods</text></svg>`+"\n", plotLeft+plotWidth/2, plotTop+plotHeight+40)
	return b.String()
}

// curve draws one side.
func curve(b *strings.Builder, p plot, s side, counts, values []float64) {
	color, label := peerColor, "client-go"
	if s == sheaf {
		color, label = sheafColor, "sheaf"
	}
	var points []string
	for i := range counts {
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(counts[i]), p.y(values[i])))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`, p.x(counts[i]), p.y(values[i]), color)
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(points, " "), color)
	last := len(counts) - 1
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s" font-weight="600">%s</text>`+"\n", p.x(counts[last])+10, p.y(values[last])+4, color, label)
}
