package main

import (
	"fmt"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

type bars = map[string]float64

// The promises of the first table, each a ratio to the peer.
var (
	syncBars     = bars{workload.CPU: 0.25, workload.Live: 0.40, workload.Peak: 0.45}
	syncJSONBars = bars{workload.CPU: 0.20, workload.Live: 0.42, workload.Peak: 0.45}
	dynamicBars  = bars{workload.CPU: 0.20, workload.Live: 0.20, workload.Peak: 0.30}
	dropBars     = bars{workload.CPU: 0.25, workload.Live: 0.40, workload.Peak: 0.45}
	compactBars  = bars{workload.CPU: 0.70, workload.Live: 0.07, workload.Peak: 0.20}
	viewBars     = bars{workload.CPU: 0.12, workload.Live: 0.65, workload.Peak: 0.25}
	noWorse      = bars{workload.CPU: 1.1, workload.Live: 1.1, workload.Peak: 1.1}
	noWorseEvent = bars{workload.PerEvent: 1.1}
)

// workloads is the table of what is measured.
func workloads() []workload.Workload {
	var all []workload.Workload
	for _, group := range [][]workload.Workload{syncs(), relists(), storms(), kinds(), tunings(), growth(), reads(), queues(), minimal()} {
		all = append(all, group...)
	}
	for i := range all {
		if all[i].Count > 50*k || all[i].Times > 10 || all[i].Events > 50*k {
			all[i].Rounds = 2 // a round takes minutes
		}
	}
	return all
}

// base is what most workloads have in common: typed pods of 40 replicas a deployment, as protobuf.
func base(group, name string, count int) workload.Workload {
	return workload.Workload{Group: group, Name: name, Kind: workload.Pods, Count: count, Replicas: 40, Face: workload.Typed, Act: workload.Sync}
}

// with changes a workload.
func with(w workload.Workload, changes ...func(*workload.Workload)) workload.Workload {
	for _, change := range changes {
		change(&w)
	}
	return w
}

func promise(b bars) func(*workload.Workload) { return func(w *workload.Workload) { w.Bars = b } }

func inJSON(w *workload.Workload) { w.JSON = true }

func dynamic(w *workload.Workload) { w.JSON, w.Face = true, workload.Dynamic }

func replicas(n int) func(*workload.Workload) { return func(w *workload.Workload) { w.Replicas = n } }

// fewer is the population of four replicas a deployment, which has less in common. It has no bars: its figures stand beside the others.
func fewer(w workload.Workload) workload.Workload {
	w.Name += ", 4 replicas"
	w.Replicas, w.Bars = 4, nil
	return w
}

const k = 1000

func thousands(n int) string {
	if n < k {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,000", n/k)
}

func syncs() []workload.Workload {
	const group = "Sync"
	var all []workload.Workload
	for _, n := range []int{20 * k, 100 * k} {
		pods := thousands(n) + " pods"
		for _, w := range []workload.Workload{
			with(base(group, pods+", protobuf", n), promise(syncBars)),
			with(base(group, pods+", JSON", n), inJSON, promise(syncJSONBars)),
		} {
			all = append(all, w, fewer(w))
		}
	}
	unstructured := with(base(group, "20,000 pods, dynamic", 20*k), dynamic, promise(dynamicBars))
	custom := func(name string) workload.Workload {
		return with(base(group, name, 20*k), func(w *workload.Workload) { w.Kind = workload.Widgets })
	}
	random := func(name string, changes ...func(*workload.Workload)) workload.Workload {
		return with(base(group, name, 20*k), append(changes, replicas(0), promise(noWorse))...)
	}
	return append(all,
		with(custom("20,000 custom objects, typed"), promise(syncJSONBars)),
		with(custom("20,000 custom objects, dynamic"), dynamic, promise(dynamicBars)),
		unstructured, fewer(unstructured),
		random("20,000 all-random pods, protobuf"),
		random("20,000 all-random pods, JSON", inJSON),
		random("20,000 all-random pods, dynamic", dynamic),
		with(base(group, "20,000 pods, listed instead of streamed", 20*k), func(w *workload.Workload) { w.NoStreaming = true }),
	)
}

func relists() []workload.Workload {
	const group = "Relist, nothing changed"
	limits := bars{workload.LiveRise: 1.02, workload.PeakRise: 1.10}
	relist := func(name string, changes ...func(*workload.Workload)) workload.Workload {
		return with(base(group, name, 20*k), append([]func(*workload.Workload){promise(bars{workload.CPU: 0.10}), func(w *workload.Workload) {
			w.Act, w.Limits = workload.Relist, limits
		}}, changes...)...)
	}
	listed := func(w *workload.Workload) { w.NoStreaming = true }
	return []workload.Workload{
		relist("20,000 pods, protobuf, streamed"),
		relist("20,000 pods, protobuf, listed", listed),
		relist("20,000 pods, JSON, listed", listed, inJSON),
		relist("20,000 pods, 4 replicas, streamed", replicas(4)),
		relist("20,000 pods, storm of 20 relists", func(w *workload.Workload) { w.Times = 20 }),
	}
}

func storms() []workload.Workload {
	const group = "Updates"
	storm := func(name string, changes ...func(*workload.Workload)) workload.Workload {
		return with(base(group, name, 20*k), append([]func(*workload.Workload){func(w *workload.Workload) { w.Act, w.Events = workload.Updates, 20*k }}, changes...)...)
	}
	handlers := func(n int) func(*workload.Workload) { return func(w *workload.Workload) { w.Handlers = n } }
	return []workload.Workload{
		storm("20,000 updates, 1 handler", promise(bars{workload.PerEvent: 0.25})),
		storm("20,000 updates, 1 handler, 4 replicas", replicas(4)),
		storm("20,000 updates, 8 handlers", handlers(8)),
		storm("20,000 updates, 64 handlers", handlers(64)),
		storm("20,000 updates, 1 handler, JSON", inJSON),
		storm("20,000 updates, 1 handler, dynamic", dynamic, promise(bars{workload.PerEvent: 0.15})),
		storm("20,000 updates, 1 handler, all-random", replicas(0), promise(noWorseEvent)),
		storm("storm of 200,000 updates, 8 handlers", handlers(8), func(w *workload.Workload) { w.Events = 200 * k }),
		storm("20,000 updates, memory limit 400 MiB", func(w *workload.Workload) { w.MemoryLimit = 400 }),
	}
}

// kinds are the other built-in resources.
func kinds() []workload.Workload {
	const group = "Other resources, sync"
	of := func(kind workload.Kind, count int) workload.Workload {
		return with(base(group, thousands(count)+" "+string(kind), count), promise(noWorse), func(w *workload.Workload) { w.Kind = kind })
	}
	return []workload.Workload{
		of(workload.Nodes, 5*k), of(workload.EndpointSlices, 10*k), of(workload.Secrets, 20*k), of(workload.ConfigMaps, 20*k),
	}
}

// tunings are what users do to save memory, on both sides.
func tunings() []workload.Workload {
	const group = "Tuned, sync"
	dropped := with(base(group, "20,000 pods, managedFields dropped", 20*k), promise(dropBars), func(w *workload.Workload) { w.Trim = workload.NoManagedFields })
	packed := with(base(group, "20,000 pods, compact store", 20*k), promise(compactBars), func(w *workload.Workload) { w.Trim = workload.Compact })
	return []workload.Workload{
		dropped, fewer(dropped), packed, fewer(packed),
		with(base(group, "20,000 pods, metadata and 4 fields", 20*k), promise(viewBars), func(w *workload.Workload) { w.Trim = workload.FourFields }),
		with(base(group, "20,000 pods, only metadata", 20*k), promise(noWorse), func(w *workload.Workload) { w.Face = workload.Metadata }),
		with(base(group, "20,000 pods, both with a transform that strips managedFields", 20*k), promise(noWorse), func(w *workload.Workload) { w.Transform = true }),
		with(base(group, "20,000 pods, memory limit 420 MiB", 20*k), promise(noWorse), func(w *workload.Workload) { w.MemoryLimit = 420 }),
	}
}

const growthGroup = "Growth"

// growth is the curve of the charts.
func growth() []workload.Workload {
	var all []workload.Workload
	for _, n := range []int{1 * k, 2 * k, 5 * k, 10 * k, 20 * k, 50 * k, 100 * k, 200 * k} {
		all = append(all, base(growthGroup, thousands(n)+" pods", n))
	}
	return all
}

func reads() []workload.Workload {
	const group = "Reads and store"
	act := func(name string, n int, act workload.Act, b bars) workload.Workload {
		return with(base(group, name+", "+thousands(n)+" pods", n), promise(b), func(w *workload.Workload) { w.Act = act })
	}
	queries := func(get float64) bars {
		return bars{workload.Get: get, workload.ByIndex: 0.3, workload.Namespace: 0.1, workload.Selector: 0.001}
	}
	stores := bars{workload.Update: 1.5, workload.Overhead: 0.9, workload.P99: 0.65}
	none := bars{workload.GetAllocs: 0}
	zero := func(w *workload.Workload) { w.Limits = none }
	return []workload.Workload{
		with(act("queries", 20*k, workload.Reads, queries(0.65)), zero),
		with(act("queries", 200*k, workload.Reads, queries(0.85)), zero),
		act("store alone", 20*k, workload.Store, stores),
		act("store alone", 200*k, workload.Store, stores),
		with(act("reads during a storm", 20*k, workload.Stormy, nil), func(w *workload.Workload) { w.Events = 100 * k }),
	}
}

func queues() []workload.Workload {
	return []workload.Workload{with(base("Work queue", "65,536 keys", 1*k), promise(bars{workload.Cycle: 0.7, workload.AddAfter: 0.6}),
		func(w *workload.Workload) { w.Act = workload.Queue })}
}

func minimal() []workload.Workload {
	return []workload.Workload{{Group: "Minimal controller of pods", Name: "build and start", Act: workload.Build,
		Bars: bars{workload.Binary: 0.45, workload.Compile: 0.45, workload.Start: 0.5}}}
}
