package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

func measured(w workload.Workload, peers, sheafs []float64) *row {
	r := &row{Workload: w}
	for i := range peers {
		r.add(peer, workload.Figures{workload.CPU: peers[i], workload.Peak: peers[i] * 1e6, workload.LiveRise: 2})
		r.add(sheaf, workload.Figures{workload.CPU: sheafs[i], workload.Peak: sheafs[i] * 1e6, workload.LiveRise: 1.01})
	}
	return r
}

func TestABarIsMetByTheRatioOfTheMedians(t *testing.T) {
	for _, c := range []struct {
		bar  float64
		want string
	}{{0.25, "met"}, {0.24, "**missed**"}} {
		w := base("group", "name", 1000)
		w.Bars, w.Limits = bars{workload.CPU: c.bar}, bars{workload.LiveRise: 1.02}
		lines := measured(w, []float64{4, 1, 100}, []float64{1, 0.1, 50}).lines()
		if len(lines) != 3 {
			t.Fatalf("%d lines", len(lines))
		}
		if l := lines[0]; l.title != "CPU" || l.ratio != 0.25 || l.verdict() != c.want || l.peer != (spread{1, 4, 100}) {
			t.Errorf("bar %g: %+v, %s", c.bar, l, l.verdict())
		}
		if l := lines[1]; l.title != "peak RSS" || l.verdict() != "" {
			t.Errorf("a figure without a bar: %+v", l)
		}
		if l := lines[2]; !l.met || l.ratio != 0 || l.bar != "sheaf ≤ 1.020×" {
			t.Errorf("a figure with a limit: %+v", l)
		}
	}
}

func TestAnEvenNumberOfRoundsHasTheMeanOfTheMiddle(t *testing.T) {
	if s := spreadOf([]float64{4, 1, 2, 8}); s != (spread{1, 3, 8}) {
		t.Errorf("%+v", s)
	}
}

func TestResultsKeepWhatIsNotMeasuredAnewAndForgetWhatIsNoWorkload(t *testing.T) {
	table := workloads()
	all := &results{Rows: []*row{measured(base("gone", "gone", 1), []float64{1}, []float64{1})}}
	all.put(measured(table[3], []float64{1}, []float64{1}))
	all.put(measured(table[0], []float64{1}, []float64{1}))
	all.put(measured(table[3], []float64{2}, []float64{1}))
	if len(all.Rows) != 2 || all.Rows[0].ID() != table[0].ID() || all.Rows[1].Figures[peer][workload.CPU][0] != 2 {
		t.Errorf("%d rows", len(all.Rows))
	}
	dir := t.TempDir()
	if err := all.write(dir); err != nil {
		t.Fatal(err)
	}
	again, err := readResults(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again.markdown() != all.markdown() {
		t.Error("the results change by being written and read")
	}
}

func TestRowsThatAreOlderThanTheNewestHaveTheirDay(t *testing.T) {
	table := workloads()
	old, fresh := measured(table[0], []float64{1}, []float64{1}), measured(table[1], []float64{1}, []float64{1})
	old.Taken, fresh.Taken = "2026-01-30", "2026-02-01"
	text := (&results{Rows: []*row{old, fresh}}).markdown()
	if !strings.Contains(text, table[0].Name+" (measured on 2026-01-30)") || strings.Contains(text, "2026-02-01") {
		t.Error(text)
	}
}

func TestNoTwoWorkloadsHaveOneName(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range workloads() {
		if seen[w.ID()] || seen[fileName(w.ID())] {
			t.Errorf("%s is there twice", w.ID())
		}
		seen[w.ID()], seen[fileName(w.ID())] = true, true
	}
}

func TestTheChartsAreXMLAndShowEveryPromiseThatWasMeasured(t *testing.T) {
	all := &results{}
	for _, w := range workloads() {
		all.put(measured(w, []float64{10, 12}, []float64{2, 3}))
	}
	charts := all.charts()
	for _, name := range chartNames {
		if _, err := io.ReadAll(&xmlReader{xml.NewDecoder(strings.NewReader(charts[name]))}); err != nil || charts[name] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := strings.Count(charts["ratios.svg"], "text-anchor"); n < 10 {
		t.Errorf("the ratio chart has %d entries", n)
	}
	if text := all.markdown(); !strings.Contains(text, "20,000 pods, protobuf") || !strings.Contains(text, "growth-cpu.svg") {
		t.Error("the report is incomplete")
	}
}

// xmlReader reads XML and yields nothing but its errors.
type xmlReader struct{ d *xml.Decoder }

func (r *xmlReader) Read([]byte) (int, error) {
	_, err := r.d.Token()
	return 0, err
}
